// Text of JSON → the numbers of one array of arrays in it, which other readers make an object each of.
//
// Only what is JSON, letter by letter, and has the shape that is asked for is read; of anything else nothing is said,
// and whoever asked reads it otherwise. Each number is the nearest that float64 has, as Python's own would be.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace {

namespace nb = nanobind;

constexpr std::size_t kLong = 1 << 18;            // bytes from which on others may run meanwhile
constexpr std::uint64_t kExact = 1ull << 53;      // up to it float64 has every whole number,
constexpr int kPowers = 22;                       // and these powers of ten: one operation of them rounds once
constexpr double kTen[kPowers + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr const char* kSpace = " \n\r\t";

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

class Scan {
 public:
  // `text` ends with a zero behind it, as Python's bytes do: no loop need ask for the end.
  Scan(const char* text, const std::vector<std::int64_t>& sizes, std::int64_t most, double largest)
      : at_(text), sizes_(sizes), most_(most), largest_(largest) {}

  // An array of arrays; false where it is none of that shape, or of more than `most` records.
  bool read(std::size_t letters) {
    std::int64_t row = 1;
    for (std::int64_t size : sizes_) {
      if (size <= 0 || row > std::int64_t(letters)) return false;
      row *= size;
    }
    capacity_ = std::min<std::int64_t>(letters / 2 + 1, most_ > INT64_MAX / row ? INT64_MAX : most_ * row);
    bytes_.reset(new std::uint8_t[capacity_]);
    if (*at_++ != '[') return false;
    for (std::int64_t record = 0; record < most_; ++record) {
      if (!part(0)) return false;
      space();
      if (*at_ == ']') return ++at_, true;
      if (*at_++ != ',') return false;
    }
    return false;
  }

  const char* end() const { return at_; }

  nb::object array() {
    const std::size_t count = std::size_t(count_);
    if (floats_) return owned(floats_.release(), count);
    return owned(bytes_.release(), count);
  }

 private:
  template <typename Number>
  static nb::object owned(Number* numbers, std::size_t count) {
    nb::capsule owner(numbers, [](void* given) noexcept { delete[] static_cast<Number*>(given); });
    return nb::cast(nb::ndarray<nb::numpy, Number, nb::ndim<1>>(numbers, {count}, owner));
  }

  void space() {
    while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') ++at_;
  }

  // A number, or an array of as many parts as its axis has.
  bool part(std::size_t axis) {
    space();
    if (axis == sizes_.size()) return number();
    if (*at_++ != '[') return false;
    for (std::int64_t left = sizes_[axis]; left--;) {
      if (!part(axis + 1)) return false;
      space();
      if (*at_++ != (left ? ',' : ']')) return false;
    }
    return true;
  }

  bool number() {
    if (count_ == capacity_) return false;
    if (!floats_) {
      const unsigned first = unsigned(*at_) - '0';
      if (first < 10) {
        unsigned value = first;
        const char* next = at_ + 1;
        while (first && is_digit(*next) && value < 256) value = 10 * value + unsigned(*next++ - '0');
        if (value < 256 && !is_digit(*next) && *next != '.' && *next != 'e' && *next != 'E') {
          bytes_[count_++] = std::uint8_t(value);
          at_ = next;
          return true;
        }
      }
      floats_.reset(new float[capacity_]);
      std::copy(bytes_.get(), bytes_.get() + count_, floats_.get());
    }
    double value;
    if (!general(value) || !(std::abs(value) <= largest_)) return false;
    floats_[count_++] = float(value);
    return true;
  }

  bool general(double& value) {
    const char* start = at_;
    const bool negative = *at_ == '-';
    at_ += negative;
    if (!is_digit(*at_) || (*at_ == '0' && is_digit(at_[1]))) return false;
    std::uint64_t digits = 0;
    int power = 0;
    bool exact = true, whole = true;
    const auto more = [&] {  // digits; exact while they are all in the number
      for (; is_digit(*at_); ++at_, power -= !whole) {
        exact = exact && digits <= kExact / 10 - 1;
        if (exact) digits = 10 * digits + std::uint64_t(*at_ - '0');
      }
    };
    more();
    if (*at_ == '.') {
      whole = false;
      if (!is_digit(*++at_)) return false;
      more();
    }
    if (*at_ == 'e' || *at_ == 'E') {
      whole = false;
      const bool down = *++at_ == '-';
      at_ += down || *at_ == '+';
      if (!is_digit(*at_)) return false;
      int given = 0;
      for (; is_digit(*at_); ++at_) given = std::min(10 * given + (*at_ - '0'), 10000);
      power += down ? -given : given;
    }
    if (exact && power >= -kPowers && power <= kPowers) {
      value = power < 0 ? double(digits) / kTen[-power] : double(digits) * kTen[power];
      if (negative && !(whole && !digits)) value = -value;  // -0 is a whole number, which has no sign; -0.0 has
      return true;
    }
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
    const auto [last, error] = std::from_chars(start, at_, value);
    return error == std::errc() && last == at_;
#else
    (void)start;
    return false;
#endif
  }

  const char* at_;
  const std::vector<std::int64_t>& sizes_;
  const std::int64_t most_;
  const double largest_;
  std::int64_t count_ = 0, capacity_ = 0;
  std::unique_ptr<std::uint8_t[]> bytes_;  // until a number comes that is none
  std::unique_ptr<float[]> floats_;
};

// (the numbers, where their array begins, where it ends), or None.
nb::object json_numbers(const nb::bytes& body, const nb::bytes& name, const std::vector<std::int64_t>& sizes,
                        std::int64_t most, double largest) {
  const std::string_view text(body.c_str(), body.size());
  std::size_t start = text.find(std::string_view(name.c_str(), name.size()));
  if (start == text.npos) return nb::none();
  start += name.size();
  start = std::min(text.find_first_not_of(kSpace, start), text.size());
  if (start == text.size() || text[start] != ':') return nb::none();
  start = std::min(text.find_first_not_of(kSpace, start + 1), text.size());
  Scan scan(text.data() + start, sizes, most, largest);
  bool read;
  if (text.size() < kLong) {
    read = scan.read(text.size() - start);
  } else {
    nb::gil_scoped_release released;
    read = scan.read(text.size() - start);
  }
  if (!read) return nb::none();
  return nb::make_tuple(scan.array(), start, std::size_t(scan.end() - text.data()));
}

}  // namespace

void bind_json_numbers(nanobind::module_& m) {
  m.def("json_numbers", &json_numbers, nb::arg("body"), nb::arg("name"), nb::arg("sizes"), nb::arg("most"),
        nb::arg("largest"));
}
