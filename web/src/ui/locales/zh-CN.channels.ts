import type {
  act as enAct,
  addressKind as enAddressKind,
  delivery as enDelivery,
  identity as enIdentity,
  messenger as enMessenger,
  replies as enReplies,
  sending as enSending,
} from "./en.channels";
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
  unknown: "无法识别",
};

export const replies: Texts<typeof enReplies> = {
  until: "请在 {{time}} 内回复",
  left: "还可发送 {{count}} 条",
  closed: "现在只能向该客户发送已审核的模板消息。",
  choose: "选择模板",
  title: "回复模板",
  template: "模板",
  none: "该队列和渠道没有设置模板。",
  notFound: "没有这个名称的模板。",
  insert: "插入",
  gap: "{{gap}} 的内容",
  preview: "客户将看到",
  first: "通过即时消息联系",
  firstHint: "客户近期没有来信时，只能发送已审核的模板消息。发送后由您跟进。",
  quote: "引用",
  quoting: "您正在回复的消息",
  quotedEarlier: "更早的消息",
  unquote: "取消引用",
  buttons: "快捷回复",
  button: "快捷回复 {{number}}",
  addButton: "添加客户可点选的快捷回复",
  removeButton: "移除快捷回复 {{number}}",
};

export const messenger: Texts<typeof enMessenger> = {
  whatsapp: "WhatsApp",
  wechat: "微信",
  wecom: "企业微信",
  "twilio-sms": "短信",
};

export const addressKind: Texts<typeof enAddressKind> = {
  phone: "电话",
  email: "邮箱",
  sip: "SIP",
  extension: "分机",
  short_code: "短号",
  visitor: "网站",
  wechat: "微信",
  wecom: "企业微信",
  external: "客户编号",
  custom: "其他平台",
  anonymous: "隐藏号码",
};

export const act: Texts<typeof enAct> = {
  followed: "关注了公众号",
  unfollowed: "取消了关注",
  scanned: "扫描了二维码",
  menu_click: "点击了菜单",
  menu_scan: "通过菜单扫码",
  entered: "进入了会话",
  recalled: "撤回了一条消息",
};

export const sending: Texts<typeof enSending> = {
  again: "重新发送",
  onItsWay: "消息已重新发送。",
  exchanges: "与平台的往来",
  noExchanges: "没有记录。往来记录保留 14 天。",
  noAnswer: "无应答",
  request: "请求",
  response: "应答",
  open: "{{endpoint}}：平台没有应答。消息正在等待，恢复后自动发送。",
  slowedDown: "{{endpoint}}：平台要求放慢发送。消息正在等待。",
  untilWhen: "{{reason}} · 下次尝试 {{time}}",
};

export const identity: Texts<typeof enIdentity> = {
  show: "查看证件号码",
  title: "证件号码",
  hint: "查看人、时间和原因都会被记录。",
  reason: "为什么需要查看？",
  reveal: "查看",
  numbers: "此消息中的证件号码",
};
