import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { queries } from "../ui/Providers";
import { Failure, Loaded } from "../ui/States";
import { tell } from "../ui/problems";
import { useMe } from "./queries";

/** Where accepted calls ring: hot desks change it, everybody may look. */
export function DeviceDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const save = useMutation({
    mutationFn: (device: { endpoint: string; address: string }) =>
      content(api.PUT("/v1/me/device", { body: device })),
    onSuccess: () => {
      tell(t("device.saved"));
      void queries.invalidateQueries({ queryKey: ["me"] });
      close();
    },
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    save.mutate({
      endpoint: String(form.get("endpoint")).trim(),
      address: String(form.get("address")).trim(),
    });
  }
  return (
    <Dialog close={close} title={t("device.label")}>
      <Loaded query={me}>
        {({ devices }) => (
          <form onSubmit={submit}>
            <Stack gap="sm">
              <Text size="sm" c="dimmed">
                {devices.length > 0 ? t("device.hint") : t("device.none")}
              </Text>
              <TextInput
                name="endpoint"
                label={t("device.endpoint")}
                required
                defaultValue={devices[0]?.endpoint}
              />
              <TextInput
                name="address"
                label={t("device.address")}
                required
                placeholder="sip:1001"
                data-autofocus
                defaultValue={devices[0]?.address}
              />
              {save.error && <Failure error={save.error} />}
              <Group justify="flex-end">
                <Button variant="default" onClick={close}>
                  {t("common.cancel")}
                </Button>
                <Button type="submit" loading={save.isPending}>
                  {t("common.save")}
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Loaded>
    </Dialog>
  );
}
