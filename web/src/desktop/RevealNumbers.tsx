import { Button, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconEye } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Touch } from "../client/contract";
import { api, content } from "../client/http";
import { Failure } from "../ui/States";
import { useMe } from "./queries";

/** The identity numbers that are masked in a touch, for those who may see them. */
export function RevealNumbers({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  const maySee = useMe().data?.permissions.includes("identity.reveal");
  if (!maySee || !touch.sealed_numbers) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="light"
        color="gray"
        leftSection={<IconEye size={13} />}
        onClick={open}
      >
        {t("identity.show")}
      </Button>
      {opened && <RevealDialog touchId={touch.id} close={close} />}
    </>
  );
}

/** Asks why, then shows them until it is closed; nothing else of the page ever holds them. */
function RevealDialog({ touchId, close }: { touchId: Id; close: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const reveal = useMutation({
    mutationFn: () =>
      content(
        api.POST("/v1/touches/{touch_id}/reveal", {
          params: { path: { touch_id: touchId } },
          body: { reason },
        }),
      ),
    gcTime: 0,
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (reveal.isIdle || reveal.isError) reveal.mutate();
  }
  return (
    <Modal
      opened
      onClose={close}
      title={t("identity.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t("identity.hint")}
          </Text>
          <TextInput
            data-autofocus
            required
            maxLength={500}
            label={t("identity.reason")}
            value={reason}
            readOnly={reveal.isSuccess}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {reveal.error && <Failure error={reveal.error} />}
          {reveal.data && (
            <Stack gap={4} role="status" aria-label={t("identity.numbers")}>
              {reveal.data.items.map((item) => (
                <Code key={item.number} fz="md">
                  {item.number}
                </Code>
              ))}
            </Stack>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t(reveal.isSuccess ? "common.close" : "common.cancel")}
            </Button>
            {!reveal.isSuccess && (
              <Button type="submit" loading={reveal.isPending} disabled={!reason.trim()}>
                {t("identity.reveal")}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
