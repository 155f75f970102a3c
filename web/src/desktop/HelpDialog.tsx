import { Group, Kbd, Modal, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { SHORTCUTS } from "./shortcuts";

export function HelpDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t("help.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
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
    </Modal>
  );
}
