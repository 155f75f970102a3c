import { ActionIcon, FileButton, Group, Loader, Pill, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPaperclip } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Attachment } from "../client/contract";
import { explain } from "./problems";
import { bytes } from "./time";

export interface Uploads {
  done: Attachment[];
  pending: string[];
  add: (files: File[]) => void;
  remove: (id: string) => void;
  clear: () => void;
}

/** Files on their way into a message: sent up one by one by `upload`, as soon as they are chosen. */
export function useUploads(upload: (file: File) => Promise<Attachment>): Uploads {
  const { t } = useTranslation();
  const [done, setDone] = useState<Attachment[]>([]);
  const [pending, setPending] = useState<string[]>([]);

  async function send(file: File): Promise<void> {
    setPending((names) => [...names, file.name]);
    try {
      const attachment = await upload(file);
      setDone((items) => [...items, attachment]);
    } catch (error) {
      notifications.show({
        color: "red",
        message: t("conversation.uploadFailed", { name: file.name, detail: explain(error) }),
      });
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
          <ActionIcon {...props} aria-label={t("conversation.attach")}>
            <IconPaperclip size={17} stroke={1.7} />
          </ActionIcon>
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
        <Pill
          key={item.id}
          withRemoveButton
          onRemove={() => uploads.remove(item.id)}
          removeButtonProps={{
            "aria-hidden": false,
            tabIndex: 0,
            "aria-label": t("conversation.attachRemove", { name: item.name }),
          }}
        >
          {item.name} · {bytes(item.size)}
        </Pill>
      ))}
      {uploads.pending.map((name, index) => (
        <Pill key={`${name}${index}`}>
          <Group gap={4} wrap="nowrap">
            <Loader size={10} />
            {t("conversation.uploading", { name })}
          </Group>
        </Pill>
      ))}
    </Pill.Group>
  );
}
