/** An application of a team's own. The address says what it shows, and tests ask it for more. */

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fetchTicket, SharedConnection } from "hitl-console";
import { HITLProvider } from "hitl-console/react";
import { StrictMode, version } from "react";
import { createRoot } from "react-dom/client";
import { Feeds } from "./feeds.jsx";
import { journal } from "./journal.js";
import { ReviewConsole } from "./review_console.jsx";
import "./app.css";

const asked = new URLSearchParams(location.search);
const url = asked.get("socket") ?? "/hitl/ws";
const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: 600_000 } } });
const connection = new SharedConnection({
  url,
  ticket: asked.has("tickets") ? () => fetchTicket("/ticket") : undefined,
  storage: { none: null, local: localStorage }[asked.get("storage")],
});
Object.assign(window, { reactVersion: version, heard: journal.heard, connection });

const views = {
  console: () => <ReviewConsole url={url} options={JSON.parse(asked.get("options") ?? "{}")} />,
  feeds: () => <Feeds names={(asked.get("feeds") ?? "first").split(",")} />,
};
const View = views[asked.get("view") ?? "feeds"];

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <HITLProvider connection={connection}>
        <View />
      </HITLProvider>
    </QueryClientProvider>
  </StrictMode>,
);
