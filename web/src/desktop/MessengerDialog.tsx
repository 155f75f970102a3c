import { Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Id, Interaction, Messenger } from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/States";
import { useChosen } from "./chosen";
import { useDesk } from "./desk";
import { TemplateChoice } from "./TemplateDialog";

interface Props {
  customerId: Id;
  /** The customer's phone numbers, the first is taken unless another one is chosen. */
  numbers: string[];
  messengers: Messenger[];
  close: () => void;
}

/** We write first: an approved text to a customer's messenger, which is one's own work once it is sent. */
export function MessengerDialog({ customerId, numbers, messengers, close }: Props) {
  const { t } = useTranslation();
  const [to, setTo] = useState(numbers[0]!);
  const [key, setKey] = useState(messengers[0]!.key);
  const messenger = messengers.find((one) => one.key === key) ?? messengers[0]!;
  const { store } = useDesk();
  const { choose } = useChosen();
  const send = useMutation({
    mutationFn: (template: { key: string; values: string[] }) =>
      told<Interaction>(
        api.POST("/v1/interactions", {
          body: {
            channel: "messaging",
            endpoint: messenger.key,
            purpose: "service",
            address: { kind: "phone", value: to },
            customer_id: customerId,
            template,
          },
        }),
      ),
    onSuccess: (interaction) => {
      store.dispatch({ name: "interaction.fetched", interaction });
      choose(interaction.id);
      close();
    },
  });
  return (
    <Dialog close={close} title={t("replies.first")}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t("replies.firstHint")}
        </Text>
        {messengers.length > 1 && (
          <Select
            label={t("mail.from")}
            data={messengers.map((one) => one.key)}
            value={messenger.key}
            onChange={(chosen) => chosen && setKey(chosen)}
            allowDeselect={false}
          />
        )}
        <Select
          label={t("mail.to")}
          data={numbers}
          value={to}
          onChange={(chosen) => chosen && setTo(chosen)}
          allowDeselect={false}
        />
        {send.error && <Failure error={send.error} />}
        <TemplateChoice
          key={messenger.key}
          templates={messenger.templates}
          sending={send.isPending}
          send={send.mutate}
        />
      </Stack>
    </Dialog>
  );
}
