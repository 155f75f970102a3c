import type { help as english } from "./en.help";
import type { Texts } from "./texts";

export const help: Texts<typeof english> = {
  title: "快捷键",
  open: "快捷键",
  accept: "接受第一个邀约",
  decline: "拒绝第一个邀约",
  next: "下一项工作",
  previous: "上一项工作",
  reply: "跳到回复框",
  template: "选择模板",
  send: "发送回复",
  search: "搜索时间线",
  customer: "更换客户",
  transfer: "转接",
  available: "置为空闲可接",
  hold: "保持或恢复通话",
  help: "显示此列表",
};
