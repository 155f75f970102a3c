import type { consult as texts, dial as dialTexts, mail as mailTexts } from "./en.consult";
import type { Texts } from "./texts";

export const consult: Texts<typeof texts> = {
  ask: "先咨询",
  asked: "正在咨询，来电者已保持",
  number: "号码 {{number}}",
  numberHint: "外线电话",
  label: "咨询",
  somebody: "同事",
  rings: "正在咨询 {{name}}…",
  talks: "正在与 {{name}} 通话，来电者保持中",
  waits: "{{name}} 保持中",
  together: "与 {{name}} 三方通话中",
  written: "{{name}} 正在旁看",
  complete: "转交客户",
  swap: "切换",
  conference: "三方通话",
  back: "返回来电者",
  drop: "结束咨询",
  mine: "同事正在向您咨询。您的备注只有同事可见。",
  leave: "退出",
  askedBy: "{{name}} 向您咨询",
  over: {
    declined: "{{name}} 拒绝了咨询。",
    missed: "{{name}} 未及时应答。",
    undelivered: "咨询未能显示在 {{name}} 的屏幕上。",
    went_away: "{{name}} 已离开。",
    lease_lost: "{{name}} 的连接已中断。",
    not_responding: "{{name}} 未响应。",
    busy: "{{name}} 的电话占线。",
    rejected: "{{name}} 未接听来电。",
    unreachable: "{{name}} 的话机无法接通。",
    no_answer: "{{name}} 的话机无人接听。",
    failed: "与 {{name}} 的连接失败。",
    normal: "{{name}} 已挂断。",
    left: "{{name}} 已退出。",
    not_held: "未能咨询 {{name}}：来电者无法保持。",
  },
};

export const dial: Texts<typeof dialTexts> = {
  open: "拨打电话",
  title: "呼叫",
  number: "号码",
  endpoint: "主叫线路",
  queue: "所属队列",
  note: "事由",
  submit: "呼叫",
  hint: "您的话机先振铃，接起后再呼叫客户。",
  noPhone: "您还没有话机，请在“我的话机”中设置。",
  calling: "呼叫中，请先接起您的话机…",
};

export const mail: Texts<typeof mailTexts> = {
  open: "写邮件",
  title: "新邮件",
  from: "发件邮箱",
  to: "收件人",
  subject: "主题",
  text: "正文",
  submit: "发送",
  noMailbox: "没有可用的发件邮箱。",
};
