import type { Address, CustomerRef } from "../client/contract";
import { i18next } from "../ui/i18n";

interface Named {
  customer: CustomerRef | null;
  address: Address | null;
}

/** The customer's name, else the address, else what can be said of somebody who hides it. */
export function nameOf({ customer, address }: Named): string {
  if (customer?.name) return customer.name;
  if (!address || address.kind === "anonymous") return i18next.t("offer.withheld");
  return address.kind === "visitor" ? i18next.t("offer.unknownCustomer") : address.value;
}
