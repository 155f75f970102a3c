import { createRoot } from "react-dom/client";

createRoot(document.getElementById("root")!).render(<h1>Touchpoint · Customer</h1>);
