import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Id, Interaction } from "../client/contract";
import { api, content } from "../client/http";
import { report } from "../ui/problems";
import { useDesk } from "./desk";

/** Sets whose interaction it is; the note that says so can take it back. */
export function useAssignCustomer(interaction: Interaction) {
  const { t } = useTranslation();
  const { store } = useDesk();
  const cache = useQueryClient();
  const put = (customer: Id | null) =>
    content(
      api.PUT("/v1/interactions/{interaction_id}/customer", {
        params: { path: { interaction_id: interaction.id } },
        body: { customer_id: customer },
      }),
    );
  const refresh = () => {
    store.dispatch({ name: "interaction.touched", id: interaction.id });
    for (const key of ["interaction", "timeline", "customer"])
      void cache.invalidateQueries({ queryKey: [key] });
  };
  const undo = (before: Id | null, note: string) => {
    notifications.hide(note);
    put(before).then(refresh, report);
  };
  return useMutation({
    mutationFn: put,
    onSuccess: () => {
      const before = interaction.customer?.id ?? null;
      refresh();
      const note = notifications.show({
        autoClose: 10_000,
        message: (
          <Group justify="space-between">
            <Text size="sm">{t("customer.changed")}</Text>
            <Button size="compact-xs" variant="light" onClick={() => undo(before, note)}>
              {t("customer.undo")}
            </Button>
          </Group>
        ),
      });
    },
    onError: report,
  });
}
