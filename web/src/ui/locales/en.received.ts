export const received = {
  toSeveral: "Sent to {{mailboxes}}",
  sentElsewhere: "Sent from another program",
  automatic: "Sent automatically",
  verifiedBy: "Checked by {{server}}",
  genuine: "Sender verified",
  forged: "The sender could not be verified: this mail may be forged",
} as const;
