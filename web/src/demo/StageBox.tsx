import { Button, Group, Switch, Text } from "@mantine/core";
import { IconAdjustmentsAlt } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Loaded } from "../ui/States";
import { report, tell } from "../ui/problems";
import { Box } from "./Box";
import { getJson, postJson, type Stage } from "./demo";

const TIMES = 3;

interface Move {
  path: string;
  body: unknown;
  method?: string;
}

/** What the audience of a demo asks for: a queue that fills, webhooks that repeat, processes that die. */
export function StageBox() {
  const { t } = useTranslation();
  const cache = useQueryClient();
  const stage = useQuery({ queryKey: ["stage"], queryFn: () => getJson<Stage>("/demo/stage") });
  const move = useMutation({
    mutationFn: ({ path, body, method }: Move) => postJson(path, body, method),
    onSuccess: () => {
      tell(t("demo.done"));
      void cache.invalidateQueries({ queryKey: ["stage"] });
    },
    onError: report,
  });
  return (
    <Box title={t("demo.stage")} icon={<IconAdjustmentsAlt size={20} />}>
      <Loaded query={stage} rows={2}>
        {({ working, copies }) => (
          <>
            <Switch
              label={t("demo.working")}
              checked={working}
              onChange={(event) =>
                move.mutate({
                  path: "/demo/agents",
                  body: { working: event.currentTarget.checked },
                  method: "PUT",
                })
              }
            />
            <Switch
              label={t("demo.copies")}
              checked={copies > 1}
              onChange={(event) =>
                move.mutate({
                  path: "/demo/copies",
                  body: { copies: event.currentTarget.checked ? TIMES : 1 },
                  method: "PUT",
                })
              }
            />
          </>
        )}
      </Loaded>
      <Group gap="xs">
        <Button
          variant="default"
          loading={move.isPending}
          onClick={() => move.mutate({ path: "/demo/callers", body: { count: TIMES, tier: "lead" } })}
        >
          {t("demo.callers")}
        </Button>
        {(["worker", "api", "database"] as const).map((process) => (
          <Button
            key={process}
            variant="light"
            color="red"
            onClick={() => move.mutate({ path: `/demo/kill/${process}`, body: {} })}
          >
            {t("demo.kill", { process })}
          </Button>
        ))}
      </Group>
      <Text size="xs" c="dimmed">
        {t("demo.killHint")}
      </Text>
    </Box>
  );
}
