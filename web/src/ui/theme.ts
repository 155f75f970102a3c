import { createTheme, type MantineColorsTuple } from "@mantine/core";

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
  primaryShade: { light: 7, dark: 5 },
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
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35 } } },
  },
});
