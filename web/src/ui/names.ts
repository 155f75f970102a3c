import type { Address, Channel } from "../client/contract";
import { i18next } from "./i18n";

interface Named {
  customer?: { name: string | null } | null;
  customer_name?: string | null;
  address?: Address | null;
  channel?: Channel;
  subject?: string | null;
}

/** The customer's name, else the address, else what can be said of somebody who hides it; a task without a
 * customer is called by its title. */
export function nameOf({ customer, customer_name, address, channel, subject }: Named): string {
  const name = customer?.name ?? customer_name;
  if (name) return name;
  if (channel === "task" && subject) return subject;
  if (address?.kind === "anonymous") return i18next.t("offer.withheld");
  return addressOf({ address }) ?? i18next.t("offer.unknownCustomer");
}

/** Kinds of addresses that are no more than an id. */
const IDS = new Set(["anonymous", "visitor", "wechat", "wecom"]);

/** The address if it says something to a person. */
export function addressOf({ address }: { address?: Address | null }): string | null {
  return address && !IDS.has(address.kind) ? address.value : null;
}
