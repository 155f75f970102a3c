import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eef4fc",
  "#dbe6f5",
  "#b3cbea",
  "#88aee0",
  "#6595d7",
  "#4f85d2",
  "#427dd1",
  "#346bb9",
  "#2a5fa6",
  "#1b5293",
];

/** A calm, dense desk: small steps, quiet borders, one accent. */
export const theme = createTheme({
  primaryColor: "ink",
  colors: { ink },
  primaryShade: 7,
  defaultRadius: "sm",
  fontFamily:
    'Inter, "Segoe UI", system-ui, -apple-system, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  lineHeights: { xs: "1.35", sm: "1.4", md: "1.45", lg: "1.5", xl: "1.5" },
  headings: {
    fontWeight: "600",
    sizes: { h2: { fontSize: "1.125rem" }, h3: { fontSize: "1rem" }, h4: { fontSize: "0.875rem" } },
  },
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray" } },
    TextInput: { defaultProps: { size: "xs" } },
    PasswordInput: { defaultProps: { size: "xs" } },
    Textarea: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "xs" } },
    NumberInput: { defaultProps: { size: "xs" } },
    Tabs: { defaultProps: { keepMounted: false } },
    Badge: {
      defaultProps: { radius: "sm", size: "sm", variant: "light" },
      styles: { root: { textTransform: "none", fontWeight: 600 } },
    },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Modal: {
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.35 },
        attributes: { header: { role: "presentation" } },
      },
    },
  },
});

/** Small and quiet text has a contrast of 4.5 and more on every ground of the pages (WCAG 1.4.3). */
export const readable: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#596069",
    "--mantine-color-placeholder": "#6b727b",
    "--mantine-color-teal-text": "#087f5b",
    "--mantine-color-teal-filled": "#087f5b",
    "--mantine-color-teal-filled-hover": "#066649",
    "--mantine-color-teal-light-color": "#066649",
    "--mantine-color-green-light-color": "#1f6b2f",
    "--mantine-color-yellow-light-color": "#7a4300",
    "--mantine-color-orange-text": "#ad3f06",
    "--mantine-color-orange-light-color": "#9c3408",
    "--mantine-color-red-text": "#c92a2a",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02323",
    "--mantine-color-red-light-color": "#b02323",
  },
  dark: { "--mantine-color-dimmed": "#b4bbc4" },
});
