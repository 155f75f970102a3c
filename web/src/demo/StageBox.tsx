import { Button, Group, SimpleGrid, Switch, Text } from "@mantine/core";
import { IconAdjustmentsAlt } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Loaded } from "../ui/States";
import { report, tell } from "../ui/problems";
import { Box } from "./Box";
import { getJson, postJson, type Stage } from "./demo";

const TIMES = 3;

interface Turn {
  label: "working" | "coming" | "phoneAnswers" | "copies";
  on: (now: Stage) => boolean;
  wish: (checked: boolean) => Partial<Stage>;
}

const SWITCHES: Turn[] = [
  { label: "working", on: (now) => now.working, wish: (working) => ({ working }) },
  { label: "coming", on: (now) => now.coming, wish: (coming) => ({ coming }) },
  { label: "phoneAnswers", on: (now) => now.phone_answers, wish: (phone_answers) => ({ phone_answers }) },
  { label: "copies", on: (now) => now.copies > 1, wish: (thrice) => ({ copies: thrice ? TIMES : 1 }) },
];

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
        {(now) => (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xs">
            {SWITCHES.map(({ label, on, wish }) => (
              <Switch
                key={label}
                label={t(`demo.${label}`)}
                checked={on(now)}
                onChange={(event) =>
                  move.mutate({
                    path: "/demo/stage",
                    body: wish(event.currentTarget.checked),
                    method: "PATCH",
                  })
                }
              />
            ))}
          </SimpleGrid>
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
