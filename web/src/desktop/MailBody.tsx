import { Button, Group, Text } from "@mantine/core";
import { IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Touch } from "../client/contract";
import { useInlineImages } from "./inlineImages";
import { hasRemoteImages, mailDocument } from "./mailDocument";
import classes from "./TouchView.module.css";

/**
 * A mail as its sender formatted it, in a frame without scripts, forms or an origin of its own to reach ours;
 * images from the internet stay blocked until the reader asks for them.
 */
export function MailBody({ touch }: { touch: Touch }) {
  const { t } = useTranslation();
  const [formatted, setFormatted] = useState(true);
  const [images, setImages] = useState(false);
  const html = useInlineImages(touch);
  return (
    <>
      {formatted && !images && hasRemoteImages(html) && (
        <Group gap={6} wrap="nowrap" my={4}>
          <IconPhotoOff size={14} aria-hidden />
          <Text size="xs" c="dimmed" style={{ flex: 1 }}>
            {t("conversation.imagesBlocked")}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => setImages(true)}>
            {t("conversation.imagesShow")}
          </Button>
        </Group>
      )}
      {formatted ? (
        <MailFrame key={`${images} ${html.length}`} html={html} images={images} />
      ) : (
        <Text size="sm" className={classes.text}>
          {touch.text}
        </Text>
      )}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setFormatted(!formatted)}>
        {formatted ? t("conversation.showText") : t("conversation.showHtml")}
      </Button>
    </>
  );
}

const TALLEST_PX = 1200;

function MailFrame({ html, images }: { html: string; images: boolean }) {
  const { t } = useTranslation();
  const [height, setHeight] = useState(120);
  return (
    <iframe
      title={t("conversation.mailFrame")}
      srcDoc={mailDocument(html, images)}
      sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
      referrerPolicy="no-referrer"
      style={{ width: "100%", height, border: 0, display: "block", background: "white", borderRadius: 4 }}
      onLoad={(event) => {
        const body = event.currentTarget.contentDocument?.documentElement;
        if (body) setHeight(Math.min(body.scrollHeight + 4, TALLEST_PX));
      }}
    />
  );
}
