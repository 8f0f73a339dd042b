/** Components that come and go, and share a connection. Their names may say what they follow. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useHITL } from "hitl-console/react";
import { useEffect, useState } from "react";
import { journal } from "./journal.js";
import { read } from "./read.js";

const INVALIDATES = {
  new_apv: [["reviews"], ["stats"]],
  decision_made: [["reviews"], ["stats"]],
  stats_update: [["stats"]],
};

export function Feeds({ names }) {
  const [shown, setShown] = useState(names);
  window.showFeeds = setShown;
  useEffect(() => {
    window.mounted = (window.mounted ?? 0) + 1; // in strict mode twice
  }, []);
  return (
    <main>
      <h1>Feeds</h1>
      {shown.map((name) => (
        <Feed key={name} name={name} />
      ))}
    </main>
  );
}

/** `name` may be "name:channel+channel". */
function Feed({ name }) {
  const [label, channels = "apvs+decisions+stats"] = name.split(":");
  const queryClient = useQueryClient();
  const { data } = useQuery({ queryKey: ["reviews"], queryFn: () => read("/hitl/reviews") });
  const { status, forbidden, isLive, retry } = useHITL({
    channels: channels.split("+"),
    onMessage: (message) => journal.add(label, message),
    queryClient,
    invalidates: INVALIDATES,
  });
  return (
    <section id={label} data-status={status} data-live={isLive} data-forbidden={forbidden.join()}>
      <h2>{label}</h2>
      <output>{data?.total}</output>
      <button type="button" onClick={retry}>
        Retry
      </button>
    </section>
  );
}
