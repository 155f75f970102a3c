import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import type { Problem } from "../client/problem";
import { Dialog } from "../ui/Dialog";
import { TouchView } from "./TouchView";

interface Props {
  stale: Problem;
  again: () => void;
  close: () => void;
}

/** The reply was refused, because the agent had not seen something: shows it and lets them decide. */
export function StaleDialog({ stale, again, close }: Props) {
  const { t } = useTranslation();
  const touches = missedTouches(stale.members.missed);
  return (
    <Dialog close={close} title={t("conversation.staleTitle")} size="lg">
      <Stack gap="sm">
        <Text size="sm">{t("conversation.staleText")}</Text>
        {touches.map((touch) => (
          <TouchView key={touch.id} touch={touch} />
        ))}
        {touches.length === 0 && <Alert color="yellow">{t("conversation.staleState")}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={again}>
            {t("conversation.staleSend")}
          </Button>
          <Button onClick={close} data-autofocus>
            {t("conversation.staleEdit")}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

function missedTouches(missed: unknown): Touch[] {
  const items = Array.isArray(missed) ? missed : [];
  return items.filter(
    (item): item is Touch => typeof item === "object" && item !== null && "direction" in item && "id" in item,
  );
}
