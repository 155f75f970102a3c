import { Button, FileButton, Group, Loader, Pill, Text, Tooltip, ActionIcon } from "@mantine/core";
import { IconDownload, IconPaperclip } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../client/contract";
import { download, upload } from "../client/http";
import { notifications } from "@mantine/notifications";
import { explain, report } from "../ui/problems";
import { bytes } from "../ui/time";

export function AttachmentLinks({ attachments }: { attachments: Attachment[] }) {
  if (attachments.length === 0) return null;
  return <Group gap={6} mt={6}>{attachments.map((item) => <AttachmentLink key={item.id} attachment={item} />)}</Group>;
}

function AttachmentLink({ attachment }: { attachment: Attachment }) {
  const { t } = useTranslation();
  const fetching = useMutation({ mutationFn: () => download(attachment), onSuccess: (blob) => save(blob, attachment.name), onError: report });
  return (
    <Button size="compact-xs" variant="default" loading={fetching.isPending} leftSection={<IconDownload size={13} />}
      aria-label={t("conversation.download", { name: attachment.name })} onClick={() => fetching.mutate()}>
      <Text span size="xs" className="clip" maw={220}>{attachment.name}</Text>
      <Text span size="xs" c="dimmed" ml={6}>{bytes(attachment.size)}</Text>
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

export interface Uploads {
  done: Attachment[];
  pending: string[];
  add: (files: File[]) => void;
  remove: (id: string) => void;
  clear: () => void;
}

export function useUploads(): Uploads {
  const { t } = useTranslation();
  const [done, setDone] = useState<Attachment[]>([]);
  const [pending, setPending] = useState<string[]>([]);

  async function send(file: File): Promise<void> {
    setPending((names) => [...names, file.name]);
    try {
      const attachment = await upload(file);
      setDone((items) => [...items, attachment]);
    } catch (error) {
      notifications.show({ color: "red", message: t("conversation.uploadFailed", { name: file.name, detail: explain(error) }) });
    } finally {
      setPending((names) => names.toSpliced(names.indexOf(file.name), 1));
    }
  }

  return {
    done,
    pending,
    add: (files) => files.forEach((file) => void send(file)),
    remove: (id) => setDone((items) => items.filter((item) => item.id !== id)),
    clear: () => setDone([]),
  };
}

export function AttachButton({ uploads }: { uploads: Uploads }) {
  const { t } = useTranslation();
  return (
    <FileButton multiple onChange={uploads.add}>
      {(props) => (
        <Tooltip label={t("conversation.attach")}>
          <ActionIcon {...props} aria-label={t("conversation.attach")}><IconPaperclip size={17} stroke={1.7} /></ActionIcon>
        </Tooltip>
      )}
    </FileButton>
  );
}

export function UploadPills({ uploads }: { uploads: Uploads }) {
  const { t } = useTranslation();
  if (uploads.done.length + uploads.pending.length === 0) return null;
  return (
    <Pill.Group px="xs" pb={4}>
      {uploads.done.map((item) => (
        <Pill key={item.id} withRemoveButton onRemove={() => uploads.remove(item.id)}
          removeButtonProps={{ "aria-label": t("conversation.attachRemove", { name: item.name }) }}>
          {item.name} · {bytes(item.size)}
        </Pill>
      ))}
      {uploads.pending.map((name, index) => (
        <Pill key={`${name}${index}`}><Group gap={4} wrap="nowrap"><Loader size={10} />{t("conversation.uploading", { name })}</Group></Pill>
      ))}
    </Pill.Group>
  );
}
