import type { EventFrame } from "../client/stream";
import type { Work } from "../client/work";
import { word } from "../ui/i18n";
import { tell } from "../ui/problems";

/** By one's own hand, said where the command failed, or seen by the call's end. */
const KNOWN = ["returned", "refused", "customer_left"];

/** Says why nobody is consulted any more, to who asked. */
export function tellConsultOver({ name, data }: EventFrame, { agentId, interactions }: Work): void {
  if (name !== "consult.ended" || KNOWN.includes(String(data.cause))) return;
  const asked = interactions[String(data.interaction_id)]?.legs.some(
    (leg) => leg.agent_id === agentId && leg.role === "primary" && leg.state !== "ended",
  );
  if (asked) tell(word("consult.over", String(data.cause), { name: data.whom }));
}
