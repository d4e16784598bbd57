#include <dovetail/policy/metrics_observer.hpp>

#include <dovetail/base/errc.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

static_assert(dt::observer<dt::metrics_observer>);

TEST(MetricsObserver, CountsRequestsErrorsBytesAndRetriesByOperation) {
  dt::metrics_observer metrics;
  metrics.on({.operation = "get", .duration = 1ms, .bytes_sent = 10, .bytes_received = 100});
  metrics.on({.operation = "get", .ec = dt::errc::connection_lost, .duration = 3ms, .bytes_sent = 5});
  metrics.on({.what = dt::observed::retry, .operation = "get", .ec = dt::errc::connection_lost});
  metrics.on({.what = dt::observed::error, .operation = "get", .ec = dt::errc::connection_lost});
  metrics.on({.what = dt::observed::error, .operation = "get", .ec = dt::errc::connection_closed});
  metrics.on({.what = dt::observed::error, .operation = "get", .ec = dt::errc::deadline_passed});
  metrics.on({.operation = "clear", .duration = 5ms});
  const dt::metrics_snapshot all = metrics.snapshot();
  ASSERT_EQ(all.operations.size(), 2u);
  EXPECT_EQ(all.operations[0].operation, "clear");
  const dt::operation_metrics& get = all.operations[1];
  EXPECT_EQ(get.operation, "get");
  EXPECT_EQ(get.latency.count, 2u);
  EXPECT_EQ(get.latency.average, dt::clock::duration{2ms});
  EXPECT_EQ(get.latency.max, dt::clock::duration{3ms});
  EXPECT_EQ(get.failed_attempts, 1u);
  EXPECT_EQ(get.retries, 1u);
  EXPECT_EQ(get.bytes_sent, 15u);
  EXPECT_EQ(get.bytes_received, 100u);
  EXPECT_EQ(get.errors[dt::condition::connection], 2u);
  EXPECT_EQ(get.errors[dt::condition::timeout], 1u);
  EXPECT_EQ(get.errors.total(), 3u);
}

TEST(MetricsObserver, CountsConnectionsWaitsAndLeaks) {
  dt::metrics_observer metrics;
  metrics.on({.what = dt::observed::connect, .duration = 2ms});
  metrics.on({.what = dt::observed::connect, .ec = dt::errc::host_not_found, .duration = 9ms});
  metrics.on({.what = dt::observed::disconnect, .duration = 1h});
  metrics.on({.what = dt::observed::pool_wait, .duration = 4ms});
  metrics.on({.what = dt::observed::pool_wait, .ec = dt::errc::pool_wait_timeout, .duration = 30s});
  metrics.on({.what = dt::observed::leak_warning, .duration = 30s});
  const dt::metrics_snapshot all = metrics.snapshot();
  EXPECT_TRUE(all.operations.empty());
  EXPECT_EQ(all.connects.count, 1u);
  EXPECT_EQ(all.connects.max, dt::clock::duration{2ms});
  EXPECT_EQ(all.connect_errors[dt::condition::connection], 1u);
  EXPECT_EQ(all.disconnects, 1u);
  EXPECT_EQ(all.pool_waits.count, 1u);
  EXPECT_EQ(all.pool_wait_errors[dt::condition::timeout], 1u);
  EXPECT_EQ(all.leak_warnings, 1u);
}

TEST(MetricsObserver, CopiesShareTheirCounters) {
  dt::metrics_observer metrics;
  dt::metrics_observer{metrics}.on({.operation = "get"});
  EXPECT_EQ(metrics.snapshot().operations.at(0).latency.count, 1u);
}

TEST(MetricsObserver, LosesNothingWhenManyThreadsRecord) {
  dt::metrics_observer metrics;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([metrics]() mutable {
      for (int i = 0; i < 2000; ++i) {
        const std::string name = "operation " + std::to_string(i % 20);
        metrics.on({.operation = name, .duration = 1us, .bytes_sent = 3});
        if (i % 100 == 0) static_cast<void>(metrics.snapshot());
      }
    });
  }
  for (std::thread& each : threads) each.join();
  const dt::metrics_snapshot all = metrics.snapshot();
  ASSERT_EQ(all.operations.size(), 20u);
  for (const dt::operation_metrics& each : all.operations) {
    EXPECT_EQ(each.latency.count, 800u);
    EXPECT_EQ(each.bytes_sent, 2400u);
  }
}

TEST(MetricsObserver, MoreNamesThanItHasRoomForAreCountedTogether) {
  dt::metrics_observer metrics;
  for (int i = 0; i < 200; ++i) metrics.on({.operation = std::to_string(i)});
  const dt::metrics_snapshot all = metrics.snapshot();
  ASSERT_EQ(all.operations.size(), 129u);
  EXPECT_EQ(all.operations[0].operation, "(other)");
  EXPECT_EQ(all.operations[0].latency.count, 72u);
}

/// All lines of the text that begin with `start`.
std::vector<std::string> lines_with(const std::string& text, const std::string& start) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (text.compare(at, start.size(), start) == 0) found.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return found;
}

// Expected by hand from https://prometheus.io/docs/instrumenting/exposition_formats/, "Text format details".
TEST(MetricsObserver, WritesPrometheusTextAsItsDocumentationWantsIt) {
  dt::metrics_observer metrics;
  metrics.on({.operation = "get", .duration = 1'048'576ns, .bytes_sent = 24});
  metrics.on({.operation = "get", .duration = 2ms, .bytes_sent = 26});
  metrics.on({.what = dt::observed::error, .operation = "get", .ec = dt::errc::deadline_passed});
  const std::string text = metrics.prometheus("shop-db", {{"db", "a\"b\\c\nd"}});
  const std::string label = R"(db="a\"b\\c\nd",operation="get")";

  EXPECT_EQ(text.rfind("# HELP shop_db_request_duration_seconds Time of one attempt of an operation.\n"
                       "# TYPE shop_db_request_duration_seconds histogram\n"
                       "shop_db_request_duration_seconds_bucket{" +
                           label + ",le=\"0.000004096\"} 0\n",
                       0),
            0u);
  const auto buckets = lines_with(text, "shop_db_request_duration_seconds_bucket");
  ASSERT_EQ(buckets.size(), 25u);
  EXPECT_EQ(buckets[7], "shop_db_request_duration_seconds_bucket{" + label + ",le=\"0.000524288\"} 0");
  EXPECT_EQ(buckets[8], "shop_db_request_duration_seconds_bucket{" + label + ",le=\"0.001048576\"} 1");
  EXPECT_EQ(buckets[9], "shop_db_request_duration_seconds_bucket{" + label + ",le=\"0.002097152\"} 2");
  EXPECT_EQ(buckets[23], "shop_db_request_duration_seconds_bucket{" + label + ",le=\"34.359738368\"} 2");
  EXPECT_EQ(buckets[24], "shop_db_request_duration_seconds_bucket{" + label + ",le=\"+Inf\"} 2");
  EXPECT_EQ(lines_with(text, "shop_db_request_duration_seconds_sum"),
            std::vector{"shop_db_request_duration_seconds_sum{" + label + "} 0.003048576"});
  EXPECT_EQ(lines_with(text, "shop_db_request_duration_seconds_count"),
            std::vector{"shop_db_request_duration_seconds_count{" + label + "} 2"});
  EXPECT_EQ(lines_with(text, "shop_db_sent_bytes_total"), std::vector{"shop_db_sent_bytes_total{" + label + "} 50"});
  EXPECT_EQ(lines_with(text, "shop_db_errors_total"),
            std::vector{"shop_db_errors_total{" + label + ",condition=\"timeout\"} 1"});
  EXPECT_EQ(lines_with(text, "shop_db_request_duration_percentile_seconds").size(), 4u);
  EXPECT_EQ(text.back(), '\n');
}

TEST(MetricsObserver, EveryPrometheusFamilyIsOneGroupWithOneTypeLine) {
  dt::metrics_observer metrics;
  for (const char* name : {"get", "set"}) {
    metrics.on({.operation = name, .duration = 1ms});
    metrics.on({.what = dt::observed::error, .operation = name, .ec = dt::errc::no_row});
  }
  metrics.on({.what = dt::observed::connect, .ec = dt::errc::host_not_found});
  const std::string text = metrics.prometheus();
  std::vector<std::string> families;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.rfind("# HELP ", 0) == 0) continue;
    if (line.rfind("# TYPE ", 0) == 0) {
      const std::string name = line.substr(7, line.find(' ', 7) - 7);
      for (const std::string& other : families) EXPECT_NE(name, other);
      families.push_back(name);
      continue;
    }
    ASSERT_FALSE(families.empty());
    EXPECT_EQ(line.rfind(families.back(), 0), 0u) << line << " is not of " << families.back();
  }
  EXPECT_GE(families.size(), 10u);
}

// Prometheus rejects all of a text in which one sample has the same label twice, or one value is not UTF-8.
TEST(MetricsObserver, AUsersLabelsAreDistinctFromOursAndFromEachOther) {
  dt::metrics_observer metrics;
  metrics.on({.operation = "get", .bytes_sent = 24});
  const dt::metric_labels mine{{"operation", "shop"}, {"a-b", "1"}, {"a_b", "2"}, {"le", "x"}};
  EXPECT_EQ(lines_with(metrics.prometheus("db", mine), "db_sent_bytes_total"),
            std::vector<std::string>{"db_sent_bytes_total{exported_operation=\"shop\",a_b=\"1\",exported_a_b=\"2\","
                                     "exported_le=\"x\",operation=\"get\"} 24"});
}

TEST(MetricsObserver, LabelValuesAreUtf8) {
  dt::metrics_observer metrics;
  metrics.on({.operation = "g\xFF\"\xE2\x82", .bytes_sent = 24});
  EXPECT_EQ(
      lines_with(metrics.prometheus("db", {{"where", "Z\xC3\xBCrich"}}), "db_sent_bytes_total"),
      std::vector<std::string>{"db_sent_bytes_total{where=\"Z\xC3\xBCrich\",operation=\"g\xEF\xBF\xBD\\\"\xEF\xBF\xBD"
                               "\xEF\xBF\xBD\"} 24"});
}

TEST(MetricsObserver, NamesAreMadeFitForPrometheus) {
  EXPECT_EQ(dt::detail::metric_name("9 lives-per.cat"), "_9_lives_per_cat");
  EXPECT_EQ(dt::detail::metric_name(""), "_");
  EXPECT_EQ(dt::detail::seconds_text(0), "0");
  EXPECT_EQ(dt::detail::seconds_text(1'500'000'000), "1.5");
  EXPECT_EQ(dt::detail::seconds_text(1), "0.000000001");
}

}  // namespace
