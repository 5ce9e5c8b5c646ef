// What Python sees: the instruction sets of this build and machine, and Network.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <stdexcept>
#include <thread>

#include "network.h"

namespace nb = nanobind;
using namespace rowwise;

namespace rowwise {
#define ROWWISE_DECLARE(isa) \
  namespace isa { std::unique_ptr<Network> make(const Description&, bool); }
#if defined(ROWWISE_X86)
ROWWISE_DECLARE(v4)
ROWWISE_DECLARE(v3)
ROWWISE_DECLARE(v1)
#elif defined(ROWWISE_NEON)
ROWWISE_DECLARE(neon)
#else
ROWWISE_DECLARE(generic)
#endif
#undef ROWWISE_DECLARE
}  // namespace rowwise

namespace {

struct Isa {
  const char* name;
  bool runs;
  Make make;
};

// Fastest first.
std::vector<Isa> isas() {
#if defined(ROWWISE_X86)
  __builtin_cpu_init();
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                  __builtin_cpu_supports("bmi2");
  const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
  return {{"x86-64-v4", v4, v4::make}, {"x86-64-v3", v3, v3::make}, {"x86-64", true, v1::make}};
#elif defined(ROWWISE_NEON)
  return {{"neon", true, neon::make}};
#else
  return {{"generic", true, generic::make}};
#endif
}

const std::map<std::string, Activation> kActivations{
    {"linear", Activation::linear}, {"relu", Activation::relu},           {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},       {"gelu", Activation::gelu},           {"gelu_tanh", Activation::gelu_tanh},
    {"silu", Activation::silu},     {"tanh", Activation::tanh},           {"sigmoid", Activation::sigmoid},
    {"softmax", Activation::softmax}};
const std::map<std::string, Loss> kLosses{{"sparse_categorical_crossentropy", Loss::sparse_crossentropy},
                                          {"categorical_crossentropy", Loss::crossentropy},
                                          {"binary_crossentropy", Loss::binary_crossentropy},
                                          {"mean_squared_error", Loss::mse},
                                          {"mean_absolute_error", Loss::mae}};
const std::map<std::string, Rule> kRules{{"adam", Rule::adam}, {"sgd", Rule::sgd}, {"rmsprop", Rule::rmsprop}};

template <class V>
V named(const std::map<std::string, V>& known, const std::string& name) {
  const auto at = known.find(name);
  if (at == known.end()) throw nb::value_error(("unknown name: " + name).c_str());
  return at->second;
}

// d[key] where there is one, else what the description says by itself.
template <class V>
void take(const nb::dict& d, const char* key, V& value) {
  if (d.contains(key)) value = nb::cast<V>(d[key]);
}

Description described(const nb::dict& d, const nb::list& layers) {
  Description out;
  for (nb::handle item : layers) {
    const auto l = nb::cast<nb::dict>(item);
    Layer& layer = out.layers.emplace_back();
    take(l, "inputs", layer.inputs);
    take(l, "units", layer.units);
    take(l, "bias", layer.bias);
    layer.activation = named(kActivations, nb::cast<std::string>(l["activation"]));
    take(l, "slope", layer.slope);
    take(l, "dropout", layer.dropout);
    take(l, "kernel_l1", layer.kernel_l1);
    take(l, "kernel_l2", layer.kernel_l2);
    take(l, "bias_l1", layer.bias_l1);
    take(l, "bias_l2", layer.bias_l2);
    take(l, "kernel_decays", layer.kernel_decays);
    take(l, "bias_decays", layer.bias_decays);
    if (layer.inputs < 1 || layer.units < 1 ||
        (out.layers.size() > 1 && out.layers[out.layers.size() - 2].units != layer.inputs))
      throw nb::value_error("the layers do not fit each other");
    if (!(layer.dropout >= 0 && layer.dropout < 1)) throw nb::value_error("dropout must lie in [0, 1)");
  }
  if (out.layers.empty()) throw nb::value_error("no layers");
  if (d.contains("loss")) out.loss = named(kLosses, nb::cast<std::string>(d["loss"]));
  take(d, "from_logits", out.from_logits);
  take(d, "label_smoothing", out.label_smoothing);
  if (d.contains("rule")) out.optimizer.rule = named(kRules, nb::cast<std::string>(d["rule"]));
  take(d, "beta_1", out.optimizer.beta_1);
  take(d, "beta_2", out.optimizer.beta_2);
  take(d, "epsilon", out.optimizer.epsilon);
  take(d, "momentum", out.optimizer.momentum);
  take(d, "nesterov", out.optimizer.nesterov);
  take(d, "rho", out.optimizer.rho);
  take(d, "weight_decay", out.optimizer.weight_decay);
  take(d, "global_clipnorm", out.optimizer.global_clipnorm);
  take(d, "scale", out.scale);
  take(d, "offset", out.offset);
  take(d, "bytes", out.bytes);
  take(d, "output_scale", out.output_scale);
  take(d, "output_offset", out.output_offset);
  take(d, "batch_size", out.batch_size);
  take(d, "threads", out.threads);
  if (out.batch_size < 1 || out.threads < 1 || out.threads > 256) throw nb::value_error("batch_size and threads must be positive");
  if (out.output_scale.size() != out.output_offset.size() ||
      (!out.output_scale.empty() && (out.output_scale.size() != std::size_t(out.layers.back().units) ||
                                     out.layers.back().activation != Activation::linear)))
    throw nb::value_error("output_scale and output_offset have a number for each unit of a linear last layer");
  if (out.bytes && (out.offset != 0 || out.layers[0].dropout > 0)) throw nb::value_error("bytes take no offset and no dropout");
  return out;
}

using Array = nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>;
using Mutable = nb::ndarray<nb::c_contig, nb::device::cpu>;
template <class T>
using Vector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Owns the network; every array is checked here, so that the kernels need not.
class Bound {
 public:
  Bound(const nb::list& layers, const nb::dict& settings, const std::optional<std::string>& isa, bool float64)
      : d_(described(settings, layers)), float64_(float64) {
    for (const Isa& one : isas())
      if (isa ? *isa == one.name : one.runs) {
        if (!one.runs) throw nb::value_error(("this machine cannot run " + *isa).c_str());
        isa_ = one.name;
        network_ = one.make(d_, float64);
        if (!network_ && !isa) continue;  // float64 is compiled for the baseline alone
        if (!network_) throw nb::value_error(("float64 is not compiled for " + *isa).c_str());
        return;
      }
    throw nb::value_error(("not in this build: " + isa.value_or("")).c_str());
  }
  const std::string& isa() const { return isa_; }
  std::size_t arrays() const { return network_->arrays(); }

  void write(std::size_t index, const Array& values) {
    check(index < arrays(), "no such array");
    check(is_scalar(values) && values.size() == network_->numbers(index), "an array of another size or dtype");
    network_->write(index, values.data());
  }
  void read(std::size_t index, const Mutable& values) const {
    check(index < arrays(), "no such array");
    check(is_scalar(values) && values.size() == network_->numbers(index), "an array of another size or dtype");
    network_->read(index, values.data());
  }
  std::tuple<std::int64_t, double, std::int64_t> train(const Array& x, const Array& targets, const std::optional<Vector<float>>& weights,
                                                       const Vector<std::int32_t>& order, const Vector<float>& rates,
                                                       const nb::ndarray<const double, nb::ndim<2>, nb::c_contig>& corrections,
                                                       std::uint64_t key, double seconds, std::int64_t steps, double loss,
                                                       std::int64_t hits, const std::optional<Mutable>& outputs) {
    const Batches batches = checked(x, targets, weights, order);
    const auto all = std::size_t((batches.records + d_.batch_size - 1) / d_.batch_size);
    check(rates.size() >= all && corrections.shape(0) >= all && corrections.shape(1) == 2, "a rate and two corrections for each step");
    check(!outputs || (outputs->dtype() == nb::dtype<float>() && outputs->size() == std::size_t(batches.records) * d_.layers.back().units),
          "outputs: float32 (records, units)");
    check(steps >= 0, "steps");
    Progress progress{steps, loss, hits};
    {
      nb::gil_scoped_release released;
      network_->train(batches, rates.data(), corrections.data(), key, seconds, progress,
                      outputs ? static_cast<float*>(outputs->data()) : nullptr);
    }
    return {progress.steps, progress.loss, progress.hits};
  }
  double gradients(const Array& x, const Array& targets, const std::optional<Vector<float>>& weights,
                   const Vector<std::int32_t>& order, std::uint64_t key, std::size_t index, const Mutable& values) {
    const Batches batches = checked(x, targets, weights, order);
    check(index < arrays() && is_scalar(values) && values.size() == network_->numbers(index), "an array of another size or dtype");
    check(std::size_t(batches.records) <= std::size_t(d_.batch_size), "one batch");
    nb::gil_scoped_release released;
    return network_->gradients(batches, key, index, values.data());
  }
  std::tuple<double, std::int64_t> predict(const Array& x, const std::optional<Array>& targets,
                                           const nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>& outputs) {
    check_records(x);
    check(outputs.shape(0) == x.shape(0) && outputs.shape(1) == std::size_t(d_.layers.back().units), "outputs: float32 (records, units)");
    if (targets) check_targets(*targets, x.shape(0));
    const Batches batches{x.data(), targets ? targets->data() : nullptr, nullptr, nullptr, std::int64_t(x.shape(0))};
    Progress progress;
    {
      nb::gil_scoped_release released;
      network_->predict(batches, progress, outputs.data());
    }
    return {progress.loss, progress.hits};
  }

 private:
  Description d_;
  bool float64_;
  std::string isa_;
  std::unique_ptr<Network> network_;

  static void check(bool holds, const char* message) {
    if (!holds) throw nb::value_error(message);
  }
  template <class A>
  bool is_scalar(const A& array) const {
    return array.dtype() == (float64_ ? nb::dtype<double>() : nb::dtype<float>());
  }
  void check_records(const Array& x) const {
    check(d_.bytes ? x.dtype() == nb::dtype<std::uint8_t>() : is_scalar(x), "x is of another dtype");
    check(x.ndim() == 2 && x.shape(1) == std::size_t(d_.layers[0].inputs), "x: (records, features)");
  }
  void check_targets(const Array& targets, std::size_t records) const {
    const int units = d_.layers.back().units;
    if (d_.loss == Loss::sparse_crossentropy) {
      check(targets.dtype() == nb::dtype<std::int32_t>() && targets.size() == records, "targets: int32 (records,)");
      const auto* labels = static_cast<const std::int32_t*>(targets.data());
      for (std::size_t i = 0; i < records; ++i) check(labels[i] >= 0 && labels[i] < units, "a label outside of the classes");
    } else {
      check(is_scalar(targets) && targets.size() == records * units, "targets: (records, units)");
    }
  }
  Batches checked(const Array& x, const Array& targets, const std::optional<Vector<float>>& weights, const Vector<std::int32_t>& order) const {
    check_records(x);
    const std::size_t records = x.shape(0);
    for (std::size_t i = 0; i < order.size(); ++i) check(order(i) >= 0 && std::size_t(order(i)) < records, "order names no record");
    check(!weights || weights->size() == records, "a weight for each record");
    check_targets(targets, records);
    return {x.data(), targets.data(), weights ? weights->data() : nullptr, order.data(), std::int64_t(order.size())};
  }
};

}  // namespace

NB_MODULE(_native, m) {
  m.def("isas", [] {
    std::vector<std::tuple<std::string, bool>> all;
    for (const Isa& one : isas()) all.emplace_back(one.name, one.runs);
    return all;
  });
  nb::class_<Bound>(m, "Network")
      .def(nb::init<const nb::list&, const nb::dict&, const std::optional<std::string>&, bool>(), nb::arg("layers"),
           nb::arg("settings"), nb::arg("isa") = nb::none(), nb::arg("float64") = false)
      .def_prop_ro("isa", &Bound::isa)
      .def_prop_ro("arrays", &Bound::arrays)
      .def("write", &Bound::write, nb::arg("index"), nb::arg("values"))
      .def("read", &Bound::read, nb::arg("index"), nb::arg("values"))
      .def("train", &Bound::train, nb::arg("x"), nb::arg("targets"), nb::arg("weights").none(), nb::arg("order"), nb::arg("rates"),
           nb::arg("corrections"), nb::arg("key"), nb::arg("seconds"), nb::arg("steps"), nb::arg("loss"), nb::arg("hits"),
           nb::arg("outputs").none())
      .def("gradients", &Bound::gradients, nb::arg("x"), nb::arg("targets"), nb::arg("weights").none(), nb::arg("order"),
           nb::arg("key"), nb::arg("index"), nb::arg("values"))
      .def("predict", &Bound::predict, nb::arg("x"), nb::arg("targets").none(), nb::arg("outputs"));
}
