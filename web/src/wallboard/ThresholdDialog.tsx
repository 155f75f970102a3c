import { NumberInput, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Dialog } from "../ui/Dialog";
import { MEASURES, useThresholds } from "./thresholds";

export function ThresholdDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const [thresholds, setThresholds] = useThresholds();
  return (
    <Dialog close={close} title={t("wall.thresholds")}>
      <Text size="sm" c="dimmed" mb="sm">
        {t("wall.thresholdsHint")}
      </Text>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            <Table.Th>{t("wall.warn")}</Table.Th>
            <Table.Th>{t("wall.alarm")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {MEASURES.map((measure) => (
            <Table.Tr key={measure}>
              <Table.Th scope="row" fw={500} fz="sm">
                {t(`wall.${measure}`)}
              </Table.Th>
              {(["warn", "alarm"] as const).map((name) => (
                <Table.Td key={name} w={90}>
                  <NumberInput
                    min={0}
                    max={100000}
                    aria-label={t("common.of", { what: t(`wall.${measure}`), of: t(`wall.${name}`) })}
                    value={thresholds[measure][name]}
                    onChange={(value) =>
                      typeof value === "number" &&
                      setThresholds({ ...thresholds, [measure]: { ...thresholds[measure], [name]: value } })
                    }
                  />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Dialog>
  );
}
