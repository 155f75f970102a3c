import { Badge, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Explanation, Id } from "../client/contract";
import { api, content } from "../client/http";
import { describe } from "./reasons";
import { Empty, Loaded } from "./States";
import { clock } from "./time";

/** Why an interaction still waits, or why it came to whom it came: the engine's own record, in words. */
export function WhyDialog({ id, name, close }: { id: Id; name: string; close: () => void }) {
  const { t } = useTranslation();
  const explanation = useQuery({
    queryKey: ["explanation", id],
    queryFn: () => content(api.GET("/v1/interactions/{id}/explanation", { params: { path: { id } } })),
    staleTime: 0,
  });
  return (
    <Modal opened onClose={close} size="lg" title={`${t("why.title")} ${name}`} closeButtonProps={{ "aria-label": t("common.close") }}>
      <Loaded query={explanation}>{(data) => <Why explanation={data} />}</Loaded>
    </Modal>
  );
}

function Why({ explanation }: { explanation: Explanation }) {
  const { t } = useTranslation();
  const { winner, facts, agents, runners_up: next, opens } = explanation;
  return (
    <Stack gap="md">
      <Text fw={600}>{winner ? t("why.assigned", { name: winner.name }) : t("why.waiting")}</Text>
      {winner && <Text size="sm"><Badge color="teal" mr={6}>{t("why.winner")}</Badge>{winner.name}: {describe(winner.reason)}</Text>}
      <Stack gap={2}>{facts.map((fact, index) => <Text key={index} size="sm">{describe(fact)}</Text>)}</Stack>
      {next.length > 0 && <People title={t("why.runnersUp")} people={next} />}
      {agents.length > 0 && <People title={t("why.against")} people={agents} />}
      {!winner && agents.length === 0 && <Empty>{t("why.nobody")}</Empty>}
      {opens.length > 0 && (
        <Stack gap={2}>
          <Text size="sm" fw={600}>{t("why.opens")}</Text>
          {opens.map((opening, index) => (
            <Group key={index} gap={8}><Text size="sm" className="numbers">{clock(opening.at)}</Text><Text size="sm">{describe(opening.reason)}</Text></Group>
          ))}
        </Stack>
      )}
      {explanation.policy_version !== null && (
        <Text size="xs" c="dimmed">{t("why.policy", { version: explanation.policy_version })}</Text>
      )}
    </Stack>
  );
}

function People({ title, people }: { title: string; people: Explanation["agents"] }) {
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>{title}</Text>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Tbody>
          {people.map((person) => (
            <Table.Tr key={person.agent}><Table.Td w="40%">{person.name}</Table.Td><Table.Td>{describe(person.reason)}</Table.Td></Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
