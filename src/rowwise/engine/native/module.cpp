// Python's arrays, checked once → calls of the network that was compiled for this machine's instruction set.
//
// No call leads out of the arrays, whatever Python passes and whatever it writes to them afterwards: their shapes are
// checked where they are bound, a reference keeps them from being resized, and what is used as an index (labels, the
// order of records) is copied there.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <mutex>
#include <optional>
#include <tuple>
#include <vector>

#include "change_pictures.h"
#include "network.h"
#include "read_description.h"

namespace rowwise {
#define ROWWISE_DECLARE(isa) \
  namespace isa { \
  std::unique_ptr<Network> make_network(const NetworkDescription&, const Plan&, bool); \
  void change_pictures(const PictureShape&, std::int64_t, const std::uint8_t*, const std::int32_t*, std::uint8_t*); \
  void mix_pictures(std::int64_t, std::int64_t, const std::uint8_t*, const std::uint8_t*, const std::int32_t*, \
                    const std::int32_t*, std::uint8_t*); \
  }
#if defined(ROWWISE_X86)
ROWWISE_DECLARE(v4)
ROWWISE_DECLARE(v3)
ROWWISE_DECLARE(v1)
#elif defined(ROWWISE_NEON)
ROWWISE_DECLARE(neon)
#else
ROWWISE_DECLARE(generic)
#endif
#if defined(ROWWISE_AVX512_BFLOAT16)
ROWWISE_DECLARE(v4_bfloat16)
#endif
#undef ROWWISE_DECLARE
}  // namespace rowwise

void bind_json_numbers(nanobind::module_& m);  // json_numbers.cpp

namespace {

namespace nb = nanobind;
using namespace rowwise;

struct InstructionSet {
  const char* name;
  bool runs;  // on this machine
  MakeNetwork make_network;
  ChangePictures change_pictures;
  MixPictures mix_pictures;
};

// Fastest first.
std::vector<InstructionSet> instruction_sets() {
#if defined(ROWWISE_X86)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  return {{"x86-64-v4", v4, v4::make_network, v4::change_pictures, v4::mix_pictures},
          {"x86-64-v3", v3, v3::make_network, v3::change_pictures, v3::mix_pictures},
          {"x86-64", true, v1::make_network, v1::change_pictures, v1::mix_pictures}};
#elif defined(ROWWISE_NEON)
  return {{"neon", true, neon::make_network, neon::change_pictures, neon::mix_pictures}};
#else
  return {{"generic", true, generic::make_network, generic::change_pictures, generic::mix_pictures}};
#endif
}

// Those that have networks in bfloat16, and no others.
std::vector<InstructionSet> bfloat16_sets() {
#if defined(ROWWISE_AVX512_BFLOAT16)
  const bool v4 = instruction_sets()[0].runs;
  return {{"x86-64-v4-bf16", v4 && __builtin_cpu_supports("avx512bf16"), v4_bfloat16::make_network, nullptr, nullptr}};
#else
  return {};
#endif
}

nb::list listed(const std::vector<InstructionSet>& sets) {
  nb::list all;
  for (const InstructionSet& set : sets) all.append(nb::make_tuple(set.name, set.runs));
  return all;
}

// Arrays are taken as they are: a copy that was converted behind the caller's back would lose what is written to it.
using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using WritableArray = nb::ndarray<nb::c_contig, nb::device::cpu>;
using Outputs = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Corrections = nb::ndarray<const double, nb::shape<-1, 5>, nb::c_contig, nb::device::cpu>;

void check(bool holds, const char* message) {
  if (!holds) throw nb::value_error(message);
}

// The instruction set of that name, which has to run here.
InstructionSet running(const std::string& name) {
  for (const InstructionSet& set : instruction_sets())
    if (name == set.name && set.runs) return set;
  throw nb::value_error(("this machine cannot run " + name).c_str());
}

using Pictures = nb::ndarray<const std::uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using ChangedPictures = nb::ndarray<std::uint8_t, nb::ndim<4>, nb::c_contig, nb::device::cpu>;
using How = nb::ndarray<const std::int32_t, nb::shape<-1, kColumnsOfHow>, nb::c_contig, nb::device::cpu>;

void change_pictures(const Pictures& x, const How& how, const ChangedPictures& out, const std::string& isa) {
  for (int axis = 0; axis < 4; ++axis) check(x.shape(axis) == out.shape(axis), "out");
  check(how.shape(0) == x.shape(0), "how");
  const PictureShape shape{std::int64_t(x.shape(1)), std::int64_t(x.shape(2)), std::int64_t(x.shape(3))};
  const InstructionSet set = running(isa);
  if (!x.size()) return;
  nb::gil_scoped_release released;
  set.change_pictures(shape, std::int64_t(x.shape(0)), x.data(), how.data(), out.data());
}

using Mixed = nb::ndarray<const std::uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using MixedOut = nb::ndarray<std::uint8_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

void mix_pictures(const Mixed& own, const Mixed& x, const Vector<std::int32_t>& partner,
                  const Vector<std::int32_t>& weight, const MixedOut& out, const std::string& isa) {
  const std::size_t pictures = own.shape(0), values = own.shape(1);
  check(x.shape(1) == values && out.shape(0) == pictures && out.shape(1) == values, "out");
  check(partner.shape(0) == pictures && weight.shape(0) == pictures, "partner");
  for (std::size_t i = 0; i < pictures; ++i)
    check(partner.data()[i] >= 0 && std::size_t(partner.data()[i]) < x.shape(0), "partner");
  const InstructionSet set = running(isa);
  nb::gil_scoped_release released;
  set.mix_pictures(std::int64_t(pictures), std::int64_t(values), own.data(), x.data(), partner.data(), weight.data(),
                   out.data());
}

class BoundNetwork {
 public:
  BoundNetwork(const nb::dict& description, const nb::dict& plan, const std::optional<std::string>& isa, bool float64)
      : description_(read_description(description)), float64_(float64) {
    const Plan first = read_plan(plan);
    const bool in_bfloat16 = description_.in_bfloat16() && !float64;
    for (const InstructionSet& set : in_bfloat16 ? bfloat16_sets() : instruction_sets()) {
      if (isa ? *isa != set.name : !set.runs) continue;
      if (!set.runs) throw nb::value_error(("this machine cannot run " + *isa).c_str());
      isa_ = set.name;
      network_ = set.make_network(description_, first, float64);
      if (network_) return;
      if (isa) throw nb::value_error(("float64 is not compiled for " + *isa).c_str());
    }
    throw nb::value_error(("not in this build: " + isa.value_or(in_bfloat16 ? "bfloat16" : "float64")).c_str());
  }

  const NetworkDescription& description() const { return description_; }
  int units() const { return description_.layers.back().units; }
  const std::string& isa() const { return isa_; }
  std::size_t arrays() const { return network_->arrays(); }

  std::size_t size(std::size_t index) const {
    check(index < arrays(), "no such array");
    return network_->size(index);
  }

  template <class A>
  bool has_own_type(const A& array) const {
    return array.dtype() == (float64_ ? nb::dtype<double>() : nb::dtype<float>());
  }
  template <class A>
  void check_array(std::size_t index, const A& values) const {
    check(index < arrays(), "no such array");
    check(has_own_type(values) && values.size() == network_->size(index), "an array of another size or dtype");
  }

  // f(network), alone: a network has memory for one call at a time. Python's lock is released first and taken last, so
  // that nobody holds one of the two locks while waiting for the other.
  template <class F>
  auto run(const F& f) {
    nb::gil_scoped_release released;
    std::lock_guard<std::mutex> alone(mutex_);
    return f(*network_);
  }

  void take(const nb::dict& dictionary) {
    const Plan plan = read_plan(dictionary);
    run([&](Network& network) { network.take(plan); });
  }
  unsigned meetings() {
    return run([](Network& network) { return network.meetings(); });
  }

  void write(std::size_t index, const Array& values) {
    check_array(index, values);
    run([&](Network& network) { network.write(index, values.data()); });
  }
  void read(std::size_t index, const WritableArray& values) {
    check_array(index, values);
    run([&](Network& network) { network.read(index, values.data()); });
  }

 private:
  const NetworkDescription description_;
  const bool float64_;
  std::string isa_;
  std::unique_ptr<Network> network_;
  std::mutex mutex_;
};

class BoundEpoch;

// x (rows, features); targets (rows,) int32 labels or (rows, units); weights (rows,). `file`, where it is not -1, is open
// and has x from byte `start` on; training reads the rows from `kept` on there.
class BoundRecords {
 public:
  BoundRecords(BoundNetwork& network, const Array& x, const std::optional<Array>& targets,
               const std::optional<Vector<float>>& weights, int file, std::int64_t start,
               std::int64_t kept)
      : network_(network), x_(x), weights_(weights), file_(file), start_(start), kept_(kept) {
    const NetworkDescription& d = network.description();
    check(d.bytes ? x.dtype() == nb::dtype<std::uint8_t>() : network.has_own_type(x), "x is of another dtype");
    check(x.ndim() == 2 && x.shape(1) == std::size_t(d.layers[0].inputs), "x: expected (records, features)");
    check(!weights || weights->size() == rows(), "weights: expected one for each record");
    if (!targets) return;
    if (d.loss.kind == Loss::sparse_crossentropy) {
      check(targets->dtype() == nb::dtype<std::int32_t>() && targets->size() == rows(),
            "targets: expected int32 (records,)");
      const auto* labels = static_cast<const std::int32_t*>(targets->data());
      labels_.assign(labels, labels + rows());
      for (const std::int32_t label : labels_)
        check(label >= 0 && label < network.units(), "targets: a label beyond the classes");
    } else {
      check(network.has_own_type(*targets) && targets->size() == rows() * network.units(),
            "targets: expected (records, units)");
      targets_ = targets;
    }
  }

  BoundNetwork& network() const { return network_; }
  std::size_t rows() const { return x_.shape(0); }
  bool has_targets() const { return targets_ || !labels_.empty() || rows() == 0; }

  std::vector<std::int32_t> checked(const Vector<std::int32_t>& order) const {
    std::vector<std::int32_t> copy(order.data(), order.data() + order.size());
    for (const std::int32_t row : copy) check(row >= 0 && std::size_t(row) < rows(), "order: no such record");
    return copy;
  }
  // All of them in the order they lie, or those that `order` names.
  Records records() const {
    const void* targets = targets_ ? targets_->data() : labels_.empty() ? nullptr : labels_.data();
    return {x_.data(), targets, weights_ ? weights_->data() : nullptr, nullptr, std::int64_t(rows())};
  }
  Records records(const std::vector<std::int32_t>& order) const {
    Records visited = records();
    visited.order = order.data();
    visited.count = std::int64_t(order.size());
    visited.file = file_;
    visited.start = start_;
    visited.kept = kept_;
    return visited;
  }

  std::tuple<double, std::int64_t> predict(const Outputs& outputs) const {
    check(outputs.shape(0) == rows() && outputs.shape(1) == std::size_t(network_.units()),
          "outputs: expected (records, units)");
    Progress progress;
    network_.run([&](Network& network) { network.predict(records(), progress, outputs.data()); });
    return {progress.loss, progress.hits};
  }
  double gradient(const Vector<std::int32_t>& order, std::uint64_t key, std::size_t index,
                  const WritableArray& values) const {
    network_.check_array(index, values);
    check(has_targets(), "the records have no targets");
    check(order.size() <= std::size_t(network_.description().batch_size), "order: expected one batch");
    const std::vector<std::int32_t> batch = checked(order);
    return network_.run([&](Network& network) { return network.gradient(records(batch), key, index, values.data()); });
  }

 private:
  BoundNetwork& network_;
  Array x_;
  std::optional<Array> targets_;
  std::vector<std::int32_t> labels_;
  std::optional<Vector<float>> weights_;
  int file_;
  std::int64_t start_, kept_;
};

// Records in an order, and the rates of each step: an epoch that is run in slices.
class BoundEpoch {
 public:
  BoundEpoch(const BoundRecords& records, const Vector<std::int32_t>& order, const Vector<float>& rates,
             const Corrections& corrections, std::uint64_t key, const std::optional<Outputs>& outputs)
      : records_(records),
        order_(records.checked(order)),
        rates_(rates),
        corrections_(corrections),
        key_(key),
        outputs_(outputs) {
    check(records.has_targets(), "the records have no targets");
    const auto batch_size = std::size_t(records.network().description().batch_size);
    const auto units = std::size_t(records.network().units());
    const std::size_t steps = (order_.size() + batch_size - 1) / batch_size;
    check(rates.size() == steps && corrections.shape(0) == steps, "rates, corrections: expected one for each step");
    check(!outputs || (outputs->shape(0) == order_.size() && outputs->shape(1) == units),
          "outputs: expected (records, units)");
  }

  // Steps until the epoch ends or `seconds` are over, one at least → how many are done by now.
  std::int64_t run(double seconds) {
    return records_.network().run([&](Network& network) {
      network.train(records_.records(order_), {rates_.data(), corrections_.data()}, key_, seconds, progress_,
                    outputs_ ? outputs_->data() : nullptr);
      return progress_.steps;
    });
  }
  // (steps, sum of the losses, hits) so far.
  std::tuple<std::int64_t, double, std::int64_t> progress() const {
    return records_.network().run(
        [&](Network&) { return std::tuple(progress_.steps, progress_.loss, progress_.hits); });
  }
  double seconds() const {
    return records_.network().run([&](Network&) { return progress_.seconds; });
  }

 private:
  const BoundRecords& records_;
  const std::vector<std::int32_t> order_;
  Vector<float> rates_;
  Corrections corrections_;
  std::uint64_t key_;
  std::optional<Outputs> outputs_;
  Progress progress_;
};

}  // namespace

NB_MODULE(_native, m) {
  // What Python does not take down when it ends (frozen objects, those of a daemon thread) goes with the process.
  nb::set_leak_warnings(false);
  m.def("change_pictures", &change_pictures, nb::arg("x").noconvert(), nb::arg("how").noconvert(),
        nb::arg("out").noconvert(), nb::arg("isa"));
  m.def("mix_pictures", &mix_pictures, nb::arg("own").noconvert(), nb::arg("x").noconvert(),
        nb::arg("partner").noconvert(), nb::arg("weight").noconvert(), nb::arg("out").noconvert(), nb::arg("isa"));
  bind_json_numbers(m);
  m.def("instruction_sets", [] { return listed(instruction_sets()); });
  m.def("bfloat16_sets", [] { return listed(bfloat16_sets()); });
  // An epoch keeps its records alive, records their network.
  nb::class_<BoundNetwork>(m, "Network")
      .def(nb::init<const nb::dict&, const nb::dict&, const std::optional<std::string>&, bool>(), nb::arg("description"),
           nb::arg("plan"), nb::arg("isa") = nb::none(), nb::arg("float64") = false)
      .def_prop_ro("isa", &BoundNetwork::isa)
      .def_prop_ro("arrays", &BoundNetwork::arrays)
      .def("size", &BoundNetwork::size, nb::arg("index"))
      .def_prop_ro("meetings", &BoundNetwork::meetings)
      .def("take", &BoundNetwork::take, nb::arg("plan"))
      .def("write", &BoundNetwork::write, nb::arg("index"), nb::arg("values").noconvert())
      .def("read", &BoundNetwork::read, nb::arg("index"), nb::arg("values").noconvert())
      .def(
          "records",
          [](BoundNetwork& network, const Array& x, const std::optional<Array>& targets,
             const std::optional<Vector<float>>& weights, int file,
             std::int64_t start, std::int64_t kept) {
            return new BoundRecords(network, x, targets, weights, file, start, kept);
          },
          nb::arg("x").noconvert(), nb::arg("targets").noconvert() = nb::none(),
          nb::arg("weights").noconvert() = nb::none(), nb::arg("file") = -1, nb::arg("start") = 0,
          nb::arg("kept") = 0, nb::keep_alive<0, 1>());
  nb::class_<BoundRecords>(m, "Records")
      .def(
          "epoch",
          [](const BoundRecords& records, const Vector<std::int32_t>& order, const Vector<float>& rates,
             const Corrections& corrections, std::uint64_t key, const std::optional<Outputs>& outputs) {
            return new BoundEpoch(records, order, rates, corrections, key, outputs);
          },
          nb::arg("order").noconvert(), nb::arg("rates").noconvert(), nb::arg("corrections").noconvert(),
          nb::arg("key"), nb::arg("outputs").noconvert() = nb::none(), nb::keep_alive<0, 1>())
      .def("gradient", &BoundRecords::gradient, nb::arg("order").noconvert(), nb::arg("key"), nb::arg("index"),
           nb::arg("values").noconvert())
      .def("predict", &BoundRecords::predict, nb::arg("outputs").noconvert());
  nb::class_<BoundEpoch>(m, "Epoch")
      .def("run", &BoundEpoch::run, nb::arg("seconds"))
      .def_prop_ro("progress", &BoundEpoch::progress)
      .def_prop_ro("seconds", &BoundEpoch::seconds);
}
