import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconRefresh, IconTransfer } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import { api, content } from "../client/http";
import { report, tell } from "../ui/problems";
import { ExchangesDialog } from "./ExchangesDialog";
import { useMe } from "./queries";

/** A message that has failed is sent again with one click. */
export function SendAgain({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const again = useMutation({
    mutationFn: () =>
      content(api.POST("/v1/touches/{touch_id}/resend", { params: { path: { touch_id: touch.id } } })),
    onSuccess: () => tell(t("sending.onItsWay")),
    onError: report,
  });
  const failed = touch.direction === "outbound" && touch.delivery?.state === "failed";
  if (!failed || touch.channel === "chat") return null;
  return (
    <Button
      size="compact-xs"
      variant="light"
      color="red"
      mt={6}
      loading={again.isPending}
      leftSection={<IconRefresh size={13} />}
      onClick={() => again.mutate()}
    >
      {t("sending.again")}
    </Button>
  );
}

/** What was said to the platform about this touch: for administrators. */
export function ExchangesButton({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const mayRead = useMe().data?.permissions.includes("administer");
  const wasSent = touch.kind === "call" || (touch.direction === "outbound" && touch.channel !== "chat");
  if (!mayRead || !wasSent) return null;
  return (
    <>
      <Tooltip label={t("sending.exchanges")}>
        <ActionIcon size="xs" variant="subtle" color="gray" aria-label={t("sending.exchanges")} onClick={open}>
          <IconTransfer size={12} />
        </ActionIcon>
      </Tooltip>
      {opened && <ExchangesDialog touchId={touch.id} close={close} />}
    </>
  );
}
