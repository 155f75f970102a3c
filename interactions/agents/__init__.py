"""What agents and supervisors do, and what their desktops see."""
