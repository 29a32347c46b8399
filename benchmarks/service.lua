-- What wrk sends: one request after the other of a file that `benchmarks.service` writes, "PATH<tab>BODY" on each line;
-- and what it says at its end: one line of JSON. DELAY is the mean pause of a connection in milliseconds.
local requests, place, delay_mean = {}, 0, tonumber(os.getenv("DEDUP_LOAD_DELAY") or "0")
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  statuses, refused = {}, 0
  math.randomseed(tonumber(os.getenv("DEDUP_LOAD_SEED") or "1"))
  for line in io.lines(os.getenv("DEDUP_LOAD_REQUESTS")) do
    local path, body = line:match("^([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format("POST", path, { ["Content-Type"] = "application/json" }, body)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function delay()
  if delay_mean <= 0 then return 0 end
  return math.floor(-delay_mean * math.log(1 - math.random()) + 0.5)
end

function response(status, headers, body)
  statuses[status] = (statuses[status] or 0) + 1
end

function done(summary, latency, _)
  local counts = {}
  for _, thread in ipairs(threads) do
    for status, count in pairs(thread:get("statuses")) do
      counts[#counts + 1] = string.format('"%d": %d', status, count)
    end
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    'JSON {"requests": %d, "seconds": %.3f, "p50": %.2f, "p90": %.2f, "p99": %.2f, "p999": %.2f, "max": %.2f, '
      .. '"errors": %d, "statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3, latency.max / 1e3, errors, table.concat(counts, ", ")))
end
