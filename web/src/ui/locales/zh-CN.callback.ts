import type { callback as english } from "./en.callback";
import type { Texts } from "./texts";

export const callback: Texts<typeof english> = {
  title: "回呼",
  keepsPlace: "客户可以挂断并保留排队位置；轮到时由坐席回呼。",
  follows: "为此工作安排一次回呼。仅在允许外呼的时段内拨打。",
  when: "时间",
  soon: "有坐席时尽快",
  hour: "一小时后",
  tomorrow: "明天 9:00",
  at: "指定时间",
  number: "其他号码（可选）",
  submit: "安排回呼",
  arranged: "回呼已安排",
  arrangedAt: "回呼已安排，{{time}} 之后拨打",
  badge: "回呼",
  of: "回呼 {{name}}",
  to: "拨打 {{number}}",
  tries: "已尝试 {{count}} 次",
  from: "{{time}} 之后",
};
