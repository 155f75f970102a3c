import { ActionIcon, Group, TextInput, Tooltip } from "@mantine/core";
import { IconLayoutList, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ButtonRoom } from "../client/contract";

interface Props {
  room: ButtonRoom;
  titles: string[];
  change: (titles: string[]) => void;
}

/** Opens the editor with a first button. */
export function AddAnswerButton({ room, titles, change }: Props) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t("replies.addButton")} position="right">
      <ActionIcon
        aria-label={t("replies.addButton")}
        disabled={titles.length >= room.most}
        onClick={() => change([...titles, ""])}
      >
        <IconLayoutList size={17} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}

/** The ready answers under the message that is being written. */
export function ReadyAnswers({ room, titles, change }: Props) {
  const { t } = useTranslation();
  if (titles.length === 0) return null;
  return (
    <Group gap={6} px="xs" pt={6} role="group" aria-label={t("replies.buttons")}>
      {titles.map((title, place) => (
        <TextInput
          key={place}
          size="xs"
          w={150}
          maxLength={room.title_max}
          aria-label={t("replies.button", { number: place + 1 })}
          placeholder={t("replies.button", { number: place + 1 })}
          value={title}
          autoFocus={title === ""}
          onChange={(event) => change(titles.with(place, event.currentTarget.value))}
          rightSection={
            <ActionIcon
              size="xs"
              aria-label={t("replies.removeButton", { number: place + 1 })}
              onClick={() => change(titles.toSpliced(place, 1))}
            >
              <IconX size={12} />
            </ActionIcon>
          }
        />
      ))}
    </Group>
  );
}
