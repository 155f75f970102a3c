import type { received as english } from "./en.received";
import type { Texts } from "./texts";

export const received: Texts<typeof english> = {
  toSeveral: "发送至 {{mailboxes}}",
  sentElsewhere: "从其他程序发送",
  automatic: "自动发送",
  verifiedBy: "由 {{server}} 校验",
  genuine: "发件人已验证",
  forged: "发件人未通过验证：这封邮件可能是伪造的",
};
