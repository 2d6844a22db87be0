-- The requests of one run of wrk. Arguments: the event, with @address@ and @id@ in it; the addresses; the tokens; the
-- number of the run, which makes correlation ids differ; the mean pause of a connection in milliseconds, or 0.
-- With one token, every request carries it. With more, each token is used once, and the run ends with the last one.

local function lines(path)
  local all = {}
  for line in io.lines(path) do all[#all + 1] = line end
  return all
end

-- The event in pieces: texts, and the names of what stands between them.
local function pieces(event)
  local texts, names, from = {}, {}, 1
  for at, name, after in event:gmatch("()@(%l+)@()") do
    texts[#texts + 1] = event:sub(from, at - 1)
    names[#names + 1] = name
    from = after
  end
  return texts, names, event:sub(from)
end

local texts, names, rest, addresses, tokens, run
local count = 0

function init(arguments)
  texts, names, rest = pieces(lines(arguments[1])[1])
  addresses, tokens, run = lines(arguments[2]), lines(arguments[3]), tonumber(arguments[4])
  local pause = tonumber(arguments[5])
  math.randomseed(run)
  if pause > 0 then
    -- Pauses of exponential length: together the connections send as independent people do.
    delay = function() return math.floor(-math.log(1 - math.random()) * pause + 0.5) end
  end
end

local function body(values)
  local parts = {}
  for at, text in ipairs(texts) do
    parts[#parts + 1] = text
    parts[#parts + 1] = values[names[at]]
  end
  parts[#parts + 1] = rest
  return table.concat(parts)
end

function request()
  count = count + 1
  local token = tokens[1]
  if #tokens > 1 then
    token = tokens[count] or tokens[#tokens]
    if count >= #tokens then wrk.thread:stop() end
  end
  local id = string.format("%08x-0000-4000-8000-%012x", run, count)
  local text = body({ address = addresses[count % #addresses + 1], id = id })
  return "POST /api/OnAttributeCollectionStart HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" ..
    "Authorization: Bearer " .. token .. "\r\nContent-Length: " .. #text .. "\r\n\r\n" .. text
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("requests %d\nmicroseconds %d\nerrors %d\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
  for at = 1, #latency do
    io.write(string.format("latency %d %d\n", latency(at)))
  end
end
