import { Badge, Group, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import { mailFacts } from "./factsOfMail";

/** What an agent should know of a mail besides its words: whether it is from whom it says, and to whom else. */
export function MailFacts({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const { results, server, verdict, mailboxes, automatic, elsewhere } = mailFacts(touch.payload);
  if (!results && !mailboxes && !automatic && !elsewhere) return null;
  return (
    <Group gap={6} mb={4}>
      {verdict === "forged" && (
        <Text size="xs" c="red" role="alert">
          {t("received.forged")}
        </Text>
      )}
      {results && (
        <Tooltip label={t("received.verifiedBy", { server })}>
          <Badge size="xs" variant="light" color={{ genuine: "green", forged: "red", unknown: "gray" }[verdict]}>
            {verdict === "genuine" ? `${t("received.genuine")} · ${results}` : results}
          </Badge>
        </Tooltip>
      )}
      {automatic && (
        <Badge size="xs" variant="light" color="gray">
          {t("received.automatic")}
        </Badge>
      )}
      {elsewhere && (
        <Badge size="xs" variant="light" color="gray">
          {t("received.sentElsewhere")}
        </Badge>
      )}
      {mailboxes && (
        <Text size="xs" c="dimmed">
          {t("received.toSeveral", { mailboxes })}
        </Text>
      )}
    </Group>
  );
}
