import { useTranslation } from "react-i18next";
import type { Figures } from "../client/contract";
import type { DrillWish } from "./Drill";
import classes from "./Wallboard.module.css";

interface Props {
  row: Figures;
  /** What the row is of: a queue, tier or channel. */
  of: string;
  name:
    | "waiting"
    | "offered"
    | "answered"
    | "abandoned"
    | "short_abandoned"
    | "flowed_out"
    | "callback_requested"
    | "ended_by_us"
    | "still_waiting"
    | "closed";
  label: string;
  drill: (wish: DrillWish) => void;
}

/** A number that shows, when pressed, the interactions that it counts. */
export function Figure({ row, of, name, label, drill }: Props) {
  const { t } = useTranslation();
  const value = row[name];
  if (value === 0) return <>0</>;
  return (
    <button
      type="button"
      className={classes.figure}
      aria-label={`${value}. ${t("wall.drillOpen", { figure: label, queue: of })}`}
      onClick={() =>
        drill({ path: row.drill, figure: name, title: t("wall.drill", { figure: label, queue: of }) })
      }
    >
      {value}
    </button>
  );
}
