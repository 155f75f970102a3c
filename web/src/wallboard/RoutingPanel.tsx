import { Badge, Group, SimpleGrid, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RoutingHealth } from "../client/contract";
import { Empty, Loaded } from "../ui/States";
import { full } from "../ui/time";
import { useRoutingHealth } from "./queries";
import { levelStyle } from "./thresholds";
import { seconds } from "./Tiles";
import classes from "./Wallboard.module.css";

/** Whether routing keeps its laws: three figures that must be 0, and two that say how tight things are. */
export function RoutingPanel() {
  const { t } = useTranslation();
  const health = useRoutingHealth();
  return (
    <section className={classes.panel} aria-label={t("wall.routing")}>
      <Loaded query={health} rows={2}>
        {(found) => (
          <>
            <Group px="sm" py={6} justify="space-between">
              <Text fw={600} size="sm">
                {t("wall.routing")}
              </Text>
              <Verdict found={found} />
            </Group>
            {found.checked_at ? <Figures found={found} /> : <Empty>{t("wall.notLooked")}</Empty>}
          </>
        )}
      </Loaded>
    </section>
  );
}

function Verdict({ found }: { found: RoutingHealth }) {
  const { t } = useTranslation();
  if (!found.checked_at) return null;
  const broken = Boolean(found.breach_seconds || found.overtakes || found.double_legs);
  const [color, text] = !found.current
    ? ["orange", t("wall.lookedLast", { time: full(found.checked_at) })]
    : broken
      ? ["red", t("wall.lawsBroken")]
      : ["teal", t("wall.lawsKept")];
  return (
    <Badge color={color} role="status">
      {text}
    </Badge>
  );
}

function Figures({ found }: { found: RoutingHealth }) {
  return (
    <SimpleGrid cols={{ base: 2, md: 5 }} spacing="xs" px="sm" pb="sm">
      <Figure name="breach" value={seconds(found.breach_seconds)} broken={Boolean(found.breach_seconds)} />
      <Figure name="overtakes" value={String(found.overtakes)} broken={Boolean(found.overtakes)} />
      <Figure name="doubleLegs" value={String(found.double_legs)} broken={Boolean(found.double_legs)} />
      <Figure name="oldestEligible" value={seconds(found.oldest_eligible_waiting_seconds)} />
      <Figure name="notResponding" value={String(found.not_responding)} />
    </SimpleGrid>
  );
}

interface FigureProps {
  name: "breach" | "overtakes" | "doubleLegs" | "oldestEligible" | "notResponding";
  value: string;
  broken?: boolean;
}

function Figure({ name, value, broken = false }: FigureProps) {
  const { t } = useTranslation();
  return (
    <div style={{ borderRadius: 4, padding: "4px 8px", ...(broken && levelStyle("alarm")) }}>
      <Tooltip label={t(`wall.${name}Long`)} multiline maw={300}>
        <Text size="xs" c={broken ? undefined : "dimmed"} tabIndex={0} w="fit-content">
          {t(`wall.${name}`)}
        </Text>
      </Tooltip>
      <Text fz={18} fw={600} className="numbers">
        {value}
      </Text>
    </div>
  );
}
