import { useDisclosure } from "@mantine/hooks";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { useDesk, useWork } from "./desk";
import { ConnectionBanner } from "./ConnectionBanner";
import { ConversationColumn } from "./ConversationColumn";
import { CustomerColumn } from "./CustomerColumn";
import { Header } from "./Header";
import { HelpDialog } from "./HelpDialog";
import { OfferStack } from "./OfferStack";
import { NotRespondingBanner } from "./PresenceMenu";
import { WorkColumn } from "./WorkColumn";
import { useChosen } from "./chosen";
import { useDeskShortcuts } from "./shortcuts";
import classes from "./DeskPage.module.css";

/** Three columns: what I have, the conversation in hand, and whose it is. */
export function DeskPage() {
  const { t } = useTranslation();
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure(false);
  const { id } = useChosen();
  useTitle();
  useReading(id);
  useDeskShortcuts(openHelp);
  return (
    <div className={classes.page}>
      <Header openHelp={openHelp} />
      <ConnectionBanner />
      <NotRespondingBanner />
      <main className={classes.columns}>
        <section className="column" aria-label={t("work.title")}>
          <OfferStack />
          <WorkColumn />
        </section>
        <section className="column" aria-label={t("conversation.title")}>
          <ConversationColumn key={id} id={id} />
        </section>
        <section className="column" aria-label={t("customer.title")}>
          <CustomerColumn key={id} id={id} />
        </section>
      </main>
      {help && <HelpDialog close={closeHelp} />}
    </div>
  );
}

/** An offer shows in the tab's title, for whoever looks at another one. */
function useTitle(): void {
  const { t } = useTranslation();
  const offers = Object.keys(useWork().offers).length;
  const title = offers > 0 ? `(${offers}) ${t("offer.title")}` : `${t("app.name")} · ${t("app.desktop")}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** What is open counts as read. */
function useReading(id: string | null): void {
  const { unread, read } = useDesk();
  useEffect(() => {
    if (id && unread.has(id)) read(id);
  }, [id, unread, read]);
}
