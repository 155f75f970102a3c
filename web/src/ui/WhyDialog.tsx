import { ActionIcon, Badge, Group, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconQuestionMark } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type {
  AssignedExplanation,
  Candidate,
  Explanation,
  Id,
  ReasonGroup,
  WaitingExplanation,
} from "../client/contract";
import { api, told } from "../client/http";
import { Dialog } from "./Dialog";
import { i18next, word } from "./i18n";
import { Empty, Loaded } from "./States";
import { duration, full } from "./time";

const SECOND_US = 1_000_000;
const NAMED_MAX = 12;

/** Why an interaction still waits, or why it came to whom it came: the engine's own record, in words. */
export function WhyDialog({ id, name, close }: { id: Id; name: string; close: () => void }) {
  const { t } = useTranslation();
  const explanation = useQuery({
    queryKey: ["explanation", id],
    queryFn: () =>
      told<Explanation>(
        api.GET("/v1/interactions/{interaction_id}/explanation", {
          params: { path: { interaction_id: id } },
        }),
      ),
    gcTime: 0, // what was so a minute ago is no answer
  });
  return (
    <Dialog close={close} title={t("why.of", { name })} size="lg">
      <Loaded query={explanation}>{(data) => <Why found={data} />}</Loaded>
    </Dialog>
  );
}

/** For places without room for the word. */
export function WhyButton({ id, name }: { id: Id; name: string }) {
  const { t } = useTranslation();
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Tooltip label={t("why.title")}>
        <ActionIcon size="sm" aria-label={t("why.of", { name })} onClick={open}>
          <IconQuestionMark size={14} />
        </ActionIcon>
      </Tooltip>
      {opened && <WhyDialog id={id} name={name} close={close} />}
    </>
  );
}

function Why({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  return (
    <Stack gap="md">
      {found.kind === "waiting" ? <Waiting found={found} /> : <Assigned found={found} />}
      <Text size="xs" c="dimmed">
        {t("why.policy", { version: found.policy_version })}
      </Text>
    </Stack>
  );
}

function Waiting({ found }: { found: WaitingExplanation }) {
  const { t } = useTranslation();
  const name = (agent: Id | null) => found.names[agent ?? ""] ?? "–";
  return (
    <>
      <Stack gap={2}>
        <Text fw={600}>{t("why.waiting")}</Text>
        <Urgency found={found} />
        <Text size="sm">{found.ahead === 0 ? t("why.first") : t("why.ahead", { count: found.ahead })}</Text>
        <Rules found={found} />
        {found.kept_for && <Text size="sm">{t("why.keptFor", { name: name(found.kept_for) })}</Text>}
        {found.state !== "queued" && <Text size="sm">{word("state", found.state)}</Text>}
      </Stack>
      {found.state === "queued" && <Against found={found} />}
      {found.openings.length > 0 && (
        <Stack gap={2}>
          <Text size="sm" fw={600}>
            {t("why.opens")}
          </Text>
          {found.openings.map((opening, index) => (
            <Text key={index} size="sm">
              {t(`why.opening.${opening.what}`, {
                in: spell(opening.at - found.at),
                teams: opening.teams.join(", "),
                name: name(opening.agent),
                requirement: opening.requirement ?? "",
              })}
            </Text>
          ))}
        </Stack>
      )}
    </>
  );
}

function Assigned({ found }: { found: AssignedExplanation }) {
  const { t } = useTranslation();
  const name = (agent: Id) => found.names[agent] ?? agent;
  const score = scoreOf(found);
  return (
    <>
      <Stack gap={2}>
        <Text fw={600}>{t("why.assigned", { name: name(found.winner.agent) })}</Text>
        <Text size="sm">
          {t(`why.how.${howOf(found)}`, {
            name: name(found.winner.agent),
            score: score(found.winner),
            rank: found.winner.rank,
          })}
        </Text>
        <Urgency found={found} />
        <Rules found={found} />
        <Text size="xs" c="dimmed">
          {full(found.decided_at)}
        </Text>
      </Stack>
      {found.runners_up.length > 0 && (
        <Stack gap={4}>
          <Text size="sm" fw={600}>
            {t("why.runnersUp")}
          </Text>
          <Group gap={6}>
            {found.runners_up.map((next) => (
              <Badge key={next.agent} color="gray">
                {[name(next.agent), score(next)].filter(Boolean).join(" · ")}
              </Badge>
            ))}
          </Group>
        </Stack>
      )}
      {groupsOf(found).length > 0 && <Against found={found} />}
    </>
  );
}

function Urgency({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  return (
    <>
      <Text size="sm">
        {t("why.age", {
          age: spell(found.age_us),
          headStart: spell(found.head_start_us),
          tier: word("tier", found.tier),
        })}
      </Text>
      {found.overtaken > 0 && (
        <Text size="sm" fw={600}>
          {t("why.overtaken", { count: found.overtaken })}
        </Text>
      )}
      {found.overdue && (
        <Text size="sm" fw={600}>
          {t("why.overdue")}
        </Text>
      )}
    </>
  );
}

/** What of the queue's own rules played a part. */
function Rules({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  return (
    <>
      {found.strict && <Text size="sm">{t("why.strict")}</Text>}
      {found.lent_to && found.lent_to.length > 0 && (
        <Text size="sm">{t("why.lentTo", { teams: found.lent_to.join(", ") })}</Text>
      )}
    </>
  );
}

function howOf(found: AssignedExplanation) {
  if (found.kept) return "kept";
  if (found.strategy && found.strategy !== "longest_idle") return found.strategy;
  return found.winner.idle_since === null ? "busy" : "idle";
}

/** What the queue's strategy compared, in words. */
function scoreOf(found: AssignedExplanation): (of: Candidate) => string {
  if (found.strategy === "least_loaded") return ({ units = 0 }) => i18next.t("why.units", { units });
  if (found.strategy === "best_skill") return ({ skill_sum = 0 }) => i18next.t("why.levels", { sum: skill_sum });
  return () => "";
}

/** Every agent accounted for, by the first reason against. */
function Against({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  const groups = groupsOf(found);
  if (groups.length === 0) return <Empty>{t("why.nobody")}</Empty>;
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {t("why.against")}
      </Text>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {groups.map((group) => (
            <Table.Tr key={group.reason}>
              <Table.Td w={40} ta="right" className="numbers">
                {group.total}
              </Table.Td>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                {word("against", group.reason, { requirement: found.requirement })}
              </Table.Td>
              <Table.Td c="dimmed">{named(group, found.names)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

function groupsOf(found: Explanation): ReasonGroup[] {
  const outside = found.kind === "assigned" ? found.outside : 0;
  return outside ? [...found.groups, { reason: "member", total: outside, agents: [] }] : found.groups;
}

function named(group: ReasonGroup, names: Record<Id, string>): string {
  const shown = group.agents.slice(0, NAMED_MAX).map((agent) => names[agent] ?? agent);
  return shown.length > 0 && group.total > shown.length ? `${shown.join(", ")} …` : shown.join(", ");
}

function spell(micros: number): string {
  return duration(micros / SECOND_US);
}
