import { Modal, type ModalProps } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

interface Props extends Pick<ModalProps, "title" | "size" | "children"> {
  close: () => void;
}

/** Open as long as it is there; what had the focus before has it again afterwards. */
export function Dialog({ close, ...rest }: Props) {
  const { t } = useTranslation();
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [before]);
  return (
    <Modal opened onClose={close} closeButtonProps={{ "aria-label": t("common.close") }} {...rest} />
  );
}
