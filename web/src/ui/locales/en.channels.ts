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
} as const;

/** Reply windows of messengers, and the templates that go out when they are closed. */
export const replies = {
  until: "Write within {{time}}",
  left: "messages left: {{count}}",
  closed: "This customer can only be sent an approved template now.",
  choose: "Choose a template",
  title: "Send a template",
  template: "Template",
  none: "No templates are set up for this channel.",
  gap: "Text for {{gap}}",
  preview: "The customer will read",
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
