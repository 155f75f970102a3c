import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { OpenOffer } from "../client/work";
import { nameOf } from "../ui/names";
import { tell } from "../ui/problems";
import { useChosen } from "./chosen";
import { useWork } from "./desk";

/** Says what was taken without a click, and opens it unless something else is open. */
export function useAutoTaken(): void {
  const { t } = useTranslation();
  const { offers, interactions } = useWork();
  const { id, choose } = useChosen();
  const coming = useRef(new Map<string, OpenOffer>());
  useEffect(() => {
    for (const offer of Object.values(offers))
      if (offer.auto_accept) coming.current.set(offer.interaction_id, offer);
    for (const [interaction, offer] of coming.current) {
      if (offer.offer_id in offers || !(interaction in interactions)) continue;
      coming.current.delete(interaction);
      tell(t("offer.taken", { name: nameOf(offer) }));
      if (!id) choose(interaction);
    }
  }, [offers, interactions, id, choose, t]);
}
