export const delivery = {
  pending: "Sending",
  queued: "Sending",
  sending: "Sending",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not delivered",
  bounced: "Came back",
  retry: "Trying again",
  throttled: "Trying again",
  rejected: "Refused",
  unknown: "Not understood",
} as const;

/** Reply windows of messengers; templates, of which approved ones go out when these are closed. */
export const replies = {
  until: "Write within {{time}}",
  left: "messages left: {{count}}",
  closed: "This customer can only be sent an approved template now.",
  choose: "Choose a template",
  title: "Templates",
  template: "Template",
  none: "No templates are set up for this queue and channel.",
  notFound: "No template is called that.",
  insert: "Insert",
  gap: "Text for {{gap}}",
  preview: "The customer will read",
  first: "Write by messenger",
  firstHint: "Who has not written in the last hours can only be sent an approved text. It becomes your work.",
  quote: "Quote",
  quoting: "Message that you answer",
  quotedEarlier: "An earlier message",
  unquote: "Answer without quoting",
  buttons: "Ready answers",
  button: "Ready answer {{number}}",
  addButton: "Add a ready answer that the customer can tap",
  removeButton: "Remove ready answer {{number}}",
} as const;

/** Messengers by the name that people know them by. */
export const messenger = {
  whatsapp: "WhatsApp",
  wechat: "WeChat",
  wecom: "WeCom",
  "twilio-sms": "Text message",
} as const;

export const addressKind = {
  phone: "Phone",
  email: "E-mail",
  sip: "SIP",
  extension: "Extension",
  short_code: "Short code",
  visitor: "Website",
  wechat: "WeChat",
  wecom: "WeCom",
  external: "Customer number",
  custom: "Elsewhere",
  anonymous: "Withheld",
} as const;

/** What customers do besides writing. */
export const act = {
  followed: "Followed the account",
  unfollowed: "Unfollowed the account",
  scanned: "Scanned a QR code",
  menu_click: "Chose in the menu",
  menu_scan: "Scanned from the menu",
  entered: "Opened the conversation",
  recalled: "Took a message back",
} as const;

/** Messages that failed, what was said to platforms, and platforms in trouble. */
export const sending = {
  again: "Send again",
  onItsWay: "This message is on its way again.",
  exchanges: "What was said to the platform",
  noExchanges: "Nothing is kept of it. Exchanges stand here for 14 days.",
  noAnswer: "no answer",
  request: "Request",
  response: "Answer",
  open: "{{endpoint}}: the platform does not answer. Messages wait, and are sent when it does.",
  slowedDown: "{{endpoint}}: the platform asked us to slow down. Messages wait.",
  untilWhen: "{{reason}} · next try at {{time}}",
} as const;

/** Numbers that are masked in a conversation, and shown to those who may see them. */
export const identity = {
  show: "Show identity numbers",
  title: "Identity numbers",
  hint: "Who looks, when and why is recorded.",
  reason: "Why do you need to see them?",
  reveal: "Show",
  numbers: "Identity numbers in this message",
} as const;
