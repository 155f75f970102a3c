import type { delivery as enDelivery, replies as enReplies } from "./en.channels";
import type { Texts } from "./texts";

export const delivery: Texts<typeof enDelivery> = {
  pending: "发送中",
  queued: "发送中",
  sending: "发送中",
  sent: "已发送",
  delivered: "已送达",
  read: "已读",
  failed: "未送达",
  bounced: "被退回",
  retry: "正在重试",
  throttled: "正在重试",
  rejected: "被拒收",
};

export const replies: Texts<typeof enReplies> = {
  until: "请在 {{time}} 内回复",
  left: "还可发送 {{count}} 条",
  closed: "现在只能向该客户发送已审核的模板消息。",
  choose: "选择模板",
  title: "发送模板消息",
  template: "模板",
  none: "该渠道没有设置模板。",
  gap: "{{gap}} 的内容",
  preview: "客户将看到",
};
