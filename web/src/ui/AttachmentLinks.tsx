import { Button, Group, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Attachment, AwaitedAttachment } from "../client/contract";
import { AudioPlayer } from "./AudioPlayer";
import { report } from "./problems";
import { bytes } from "./time";

interface Props {
  attachments: (Attachment | AwaitedAttachment)[];
  download: (attachment: Attachment) => Promise<Blob>;
}

export function AttachmentLinks({ attachments, download }: Props) {
  if (attachments.length === 0) return null;
  return (
    <Group gap={6} mt={6}>
      {attachments.map((item, place) =>
        item.id === undefined ? (
          <Awaited key={place} attachment={item} />
        ) : (
          <Group key={item.id} gap={6}>
            {item.type.startsWith("audio/") && <AudioPlayer attachment={item} download={download} />}
            <AttachmentLink attachment={item} download={download} />
          </Group>
        ),
      )}
    </Group>
  );
}

function Awaited({ attachment }: { attachment: AwaitedAttachment }) {
  const { t } = useTranslation();
  return (
    <Text size="xs" c="dimmed">
      {t(`conversation.file.${attachment.state}`, { name: attachment.name })}
    </Text>
  );
}

function AttachmentLink({ attachment, download }: { attachment: Attachment } & Pick<Props, "download">) {
  const { t } = useTranslation();
  const fetching = useMutation({
    mutationFn: () => download(attachment),
    onSuccess: (blob) => save(blob, attachment.name),
    onError: report,
  });
  return (
    <Button
      size="compact-xs"
      variant="default"
      loading={fetching.isPending}
      leftSection={<IconDownload size={13} />}
      aria-label={t("conversation.download", { name: attachment.name })}
      onClick={() => fetching.mutate()}
    >
      <Text span size="xs" className="clip" maw={220}>
        {attachment.name}
      </Text>
      <Text span size="xs" c="dimmed" ml={6}>
        {bytes(attachment.size)}
      </Text>
    </Button>
  );
}

/** Always to a file, never into a tab of ours: what a stranger sent is not shown under our origin. */
function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
