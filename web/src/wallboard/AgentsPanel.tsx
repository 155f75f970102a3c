import { ActionIcon, Badge, Checkbox, Group, Menu, Stack, Text } from "@mantine/core";
import { IconDotsVertical, IconStar } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { AgentState, ChosenPresence } from "../client/contract";
import { api, content } from "../client/http";
import { word } from "../ui/i18n";
import { ChannelIcon, Since, StateBadge } from "../ui/marks";
import { Empty, Loaded } from "../ui/States";
import { WhyDialog } from "../ui/WhyDialog";
import { useAgentStates, useMe, useSteer } from "./queries";
import { SkillsDialog } from "./SkillsDialog";
import { ForceCloseDialog, ReassignDialog } from "./WaitingPanel";

export function AgentsPanel() {
  const { t } = useTranslation();
  const [offline, setOffline] = useState(false);
  const agents = useAgentStates();
  return (
    <aside
      className="column"
      style={{ borderInlineStart: "1px solid var(--desk-line)" }}
      aria-label={t("wall.agents")}
    >
      <div className="bar">
        <Text fw={600} size="sm" style={{ flex: 1 }}>
          {t("wall.agents")}
        </Text>
        <Checkbox
          size="xs"
          label={t("wall.showOffline")}
          checked={offline}
          onChange={(event) => setOffline(event.currentTarget.checked)}
        />
      </div>
      <div className="scroll">
        <Loaded query={agents} rows={8}>
          {({ items }) => {
            const shown = items.filter((agent) => offline || agent.state !== "offline");
            return shown.length === 0 ? (
              <Empty>{t("wall.noAgents")}</Empty>
            ) : (
              shown.map((agent) => <AgentRow key={agent.id} agent={agent} />)
            );
          }}
        </Loaded>
      </div>
    </aside>
  );
}

function AgentRow({ agent }: { agent: AgentState }) {
  return (
    <div className="row">
      <Group gap={8} wrap="nowrap">
        <Text size="sm" fw={500} className="clip" style={{ flex: 1 }}>
          {agent.name}
        </Text>
        {agent.state === "break" && agent.presence_reason && (
          <Text size="xs" c="dimmed">
            {word("break", agent.presence_reason)}
          </Text>
        )}
        <StateBadge state={agent.state} />
        <Text size="xs" c="dimmed" w={44} ta="right">
          {agent.since && <Since from={agent.since} />}
        </Text>
        <AgentMenu agent={agent} />
      </Group>
      <Group gap={4} mt={2}>
        {Object.entries(agent.skills).map(([skill, level]) => (
          <Badge key={skill} size="xs" color="gray">
            {skill} {level}
          </Badge>
        ))}
      </Group>
      <Stack gap={0} mt={2}>
        {agent.legs.map((leg) => (
          <LegRow key={leg.interaction_id} leg={leg} />
        ))}
      </Stack>
    </div>
  );
}

function LegRow({ leg }: { leg: AgentState["legs"][number] }) {
  const { t } = useTranslation();
  const [dialog, setDialog] = useState<"why" | "reassign" | "close" | null>(null);
  const label = `${word("channel", leg.channel)}, ${word("state", leg.state)}`;
  return (
    <Group gap={6} wrap="nowrap">
      <ChannelIcon channel={leg.channel} size={13} />
      <Text size="xs" c="dimmed" style={{ flex: 1 }}>
        {word("state", leg.state)}
      </Text>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="xs" aria-label={t("wall.actionsOf", { name: label })}>
            <IconDotsVertical size={12} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setDialog("why")}>{t("actions.why")}</Menu.Item>
          <Menu.Item onClick={() => setDialog("reassign")}>{t("wall.reassign")}</Menu.Item>
          <Menu.Item color="red" onClick={() => setDialog("close")}>
            {t("wall.forceClose")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {dialog === "why" && <WhyDialog id={leg.interaction_id} name={label} close={() => setDialog(null)} />}
      {dialog === "reassign" && <ReassignDialog id={leg.interaction_id} close={() => setDialog(null)} />}
      {dialog === "close" && <ForceCloseDialog id={leg.interaction_id} close={() => setDialog(null)} />}
    </Group>
  );
}

function AgentMenu({ agent }: { agent: AgentState }) {
  const { t } = useTranslation();
  const [skills, setSkills] = useState(false);
  const codes = useMe().data?.break_codes ?? [];
  const set = useSteer(
    (body: ChosenPresence) =>
      content(api.PUT("/v1/agents/{key}/presence", { params: { path: { key: agent.email } }, body })),
    t("wall.presence"),
  );
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="sm" aria-label={t("wall.actionsOf", { name: agent.name })}>
            <IconDotsVertical size={15} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t("wall.presence")}</Menu.Label>
          <Menu.Item onClick={() => set.mutate({ status: "available" })}>{t("presence.available")}</Menu.Item>
          {codes.map((code) => (
            <Menu.Item key={code} onClick={() => set.mutate({ status: "break", reason_code: code })}>
              {t("presence.breakOf", { code: word("break", code) })}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => set.mutate({ status: "offline" })}>{t("presence.offline")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconStar size={14} />} onClick={() => setSkills(true)}>
            {t("wall.editSkills")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {skills && <SkillsDialog agent={agent} close={() => setSkills(false)} />}
    </>
  );
}
