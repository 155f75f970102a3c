import { Button } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../client/contract";
import { report } from "./problems";

interface Props {
  attachment: Attachment;
  download: (attachment: Attachment) => Promise<Blob>;
}

/** Fetched when somebody wants to hear it; played by the browser, which has keys and a volume for it. */
export function AudioPlayer({ attachment, download }: Props) {
  const { t } = useTranslation();
  const sound = useMutation({
    mutationFn: async () => {
      const content = await download(attachment);
      return URL.createObjectURL(new Blob([content], { type: attachment.type }));
    },
    onError: report,
  });
  const url = sound.data;
  useEffect(() => () => void (url && URL.revokeObjectURL(url)), [url]);
  if (url)
    return <audio controls autoPlay src={url} aria-label={attachment.name} style={{ height: 32, maxWidth: "100%" }} />;
  return (
    <Button
      size="compact-xs"
      variant="light"
      loading={sound.isPending}
      leftSection={<IconPlayerPlay size={13} />}
      aria-label={t("conversation.listenTo", { name: attachment.name })}
      onClick={() => sound.mutate()}
    >
      {t("conversation.listen")}
    </Button>
  );
}
