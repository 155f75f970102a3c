import { Drawer, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ChannelIcon, Moment, StateBadge, TierBadge } from "../ui/marks";
import { Empty, Loaded } from "../ui/States";
import { nameOf } from "../ui/names";
import { useDrill } from "./queries";

export interface DrillWish {
  path: string;
  figure: string;
  title: string;
}

/** The interactions that a figure counts. */
export function Drill({ wish, close }: { wish: DrillWish; close: () => void }) {
  const { t } = useTranslation();
  const found = useDrill(wish.path, wish.figure);
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={wish.title}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Loaded query={found}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{t("wall.drillEmpty")}</Empty>
          ) : (
            <Table fz="sm" verticalSpacing={6}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("wall.person")}</Table.Th>
                  <Table.Th>{t("wall.queue")}</Table.Th>
                  <Table.Th>{t("wall.state")}</Table.Th>
                  <Table.Th>{t("wall.when")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {items.map((item) => (
                  <Table.Tr key={item.id}>
                    <Table.Td>
                      <ChannelIcon channel={item.channel} adapter={item.endpoint?.adapter} size={14} />{" "}
                      <Text span size="sm">
                        {nameOf(item)}
                      </Text>{" "}
                      <TierBadge tier={item.tier} />
                    </Table.Td>
                    <Table.Td>{item.queue}</Table.Td>
                    <Table.Td>
                      <StateBadge state={item.state} />
                    </Table.Td>
                    <Table.Td>
                      <Moment at={item.created_at} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )
        }
      </Loaded>
    </Drawer>
  );
}
