import { Button, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { AgentState } from "../client/contract";
import { api, content } from "../client/http";
import { Dialog } from "../ui/Dialog";
import { useSteer } from "./queries";

const LEVEL_MAX = 10;

export function SkillsDialog({ agent, close }: { agent: AgentState; close: () => void }) {
  const { t } = useTranslation();
  const [skills, setSkills] = useState<Record<string, number>>(agent.skills);
  const [added, setAdded] = useState("");
  const save = useSteer(
    () => {
      const kept = Object.fromEntries(Object.entries(skills).filter(([, level]) => level > 0));
      return content(
        api.PATCH("/v1/agents/{key}", { params: { path: { key: agent.email } }, body: { skills: kept } }),
      );
    },
    t("wall.skills"),
    close,
  );
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate(undefined);
  }
  function add() {
    if (/^[a-z][a-z0-9_-]*$/.test(added) && !(added in skills)) setSkills({ ...skills, [added]: 1 });
    setAdded("");
  }
  return (
    <Dialog close={close} title={t("common.of", { what: t("wall.editSkills"), of: agent.name })}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {Object.entries(skills).map(([skill, level]) => (
            <NumberInput
              key={skill}
              label={skill}
              min={0}
              max={LEVEL_MAX}
              value={level}
              aria-label={t("wall.skillLevel", { skill })}
              onChange={(value) => setSkills({ ...skills, [skill]: Number(value) || 0 })}
            />
          ))}
          <Group align="flex-end" gap="xs">
            <TextInput
              label={t("wall.newSkill")}
              style={{ flex: 1 }}
              value={added}
              onChange={(event) => setAdded(event.currentTarget.value)}
            />
            <Button variant="default" onClick={add} disabled={added === ""}>
              +
            </Button>
          </Group>
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
    </Dialog>
  );
}
