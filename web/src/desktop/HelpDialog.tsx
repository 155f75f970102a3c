import { Group, Kbd, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/Dialog";
import { SHORTCUTS } from "./shortcuts";

export function HelpDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog close={close} title={t("help.title")}>
      <Table>
        <Table.Tbody>
          {SHORTCUTS.map(({ keys, name }) => (
            <Table.Tr key={name}>
              <Table.Td w={140}>
                <Group gap={4}>
                  {keys.map((key) => (
                    <Kbd key={key}>{key}</Kbd>
                  ))}
                </Group>
              </Table.Td>
              <Table.Td>{t(`help.${name}`)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}
