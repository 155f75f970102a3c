/** Who is consulted about an interaction, read from its legs or from who is outside. */
import type { Id, Interaction } from "./contract";

export interface Consult {
  agentId: Id | null;
  address: string | null;
  state: "rings" | "talks" | "waits" | "together";
}

export function consultOf(interaction: Interaction): Consult | null {
  const leg = interaction.legs.find((other) => other.role !== "primary" && other.state !== "ended");
  if (leg) {
    const rings = leg.state === "offered" || leg.state === "connecting";
    const talking = leg.role === "conference" ? "together" : leg.state === "held" ? "waits" : "talks";
    return { agentId: leg.agent_id, address: null, state: rings ? "rings" : talking };
  }
  const outside = interaction.outside;
  if (!outside) return null;
  const states = { ringing: "rings", talking: "talks", conference: "together" } as const;
  return { agentId: null, address: outside.address, state: states[outside.state] };
}
