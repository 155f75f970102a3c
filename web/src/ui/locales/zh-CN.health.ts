import type { health as english } from "./en.health";
import type { Texts } from "./texts";

export const health: Texts<typeof english> = {
  title: "渠道",
  none: "没有设置渠道。",
  channel: "渠道",
  last: "最近事件",
  events: "最近一小时",
  lag: "延迟",
  errors: "失败",
  signatures: "签名错误",
  state: "状态",
  silent: "无消息",
  well: "正常",
  test: "测试",
  testOf: "测试 {{endpoint}}",
  cameThrough: "已送达，用时 {{seconds}} 秒",
  notThrough: "未送达：{{problem}}",
  circuit: {
    open: "无法连接",
    resting: "限速中",
  },
  listener: {
    listening: "监听中",
    failing: "未连接",
    nobody: "无人监听",
  },
  alarm: {
    silent: "自 {{time}} 起没有任何消息，情况异常",
    listener: "无法接收其消息：{{reason}}",
    signatures: "一小时内有 {{count}} 个签名错误的请求",
    errors: "最近一小时 {{rate}} 的发送失败",
  },
};
