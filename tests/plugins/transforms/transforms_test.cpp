// Crops, flips and holes against their definitions, pixel by pixel, and by their frequencies.
#include "plugin_loader.hpp"

#include <spar/philox.hpp>
#include <spar/transform.hpp>

#include <map>

using namespace spar;
using namespace spar::test;

namespace {

constexpr std::int64_t channels = 3, height = 7, width = 5, pixels = height * width;
using Image = std::vector<float>;

/// No two pixels of it are alike, and none is a fill.
Image image() {
    Image x(channels * pixels);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.25F + static_cast<float>(i) / 512;
    return x;
}

float at(const Image &x, std::int64_t c, std::int64_t i, std::int64_t j) {
    return x[static_cast<std::size_t>((c * height + i) * width + j)];
}

class Transformed {
  public:
    explicit Transformed(const std::string &json)
        : made_(SPAR_KIND_TRANSFORM, json, 1, "/train/augment/0"), instance_(made_.take()) {}

    Image operator()(std::int64_t id, std::uint64_t key = 1) const {
        Image x = image();
        apply(&x, 1, id, key);
        return x;
    }
    void apply(Image *x, std::int64_t count, std::int64_t id, std::uint64_t key) const {
        spar_transform_rows rows{};
        rows.struct_size = sizeof rows;
        rows.rank = 3;
        rows.count = count;
        rows.size = channels * pixels;
        rows.shape[0] = channels, rows.shape[1] = height, rows.shape[2] = width;
        float nothing = 0;
        rows.x = x != nullptr ? x->data() : &nothing;
        rows.ids = &id;
        rows.key = key;
        rows.lower = 0, rows.upper = 1;
        instance_->call("apply", [&](spar_error *error) {
            return instance_->table<spar_transform_table>().apply(instance_->self(), &rows, error);
        });
    }

  private:
    Made made_;
    std::unique_ptr<host::Instance> instance_;
};

std::string refused(const std::string &json) {
    const host::Failure failure = failure_of([&] { Transformed(json).apply(nullptr, 0, 0, 1); });
    CHECK(failure.exit() == host::Exit::pipeline);
    return failure.what();
}

}  // namespace

TEST_CASE("a crop is one of the pieces of the padded image, each as often") {
    const Transformed crop(R"({"type":"random_crop","padding":2,"fill":[0.1,0,0.2]})");
    const float fill[] = {0.1F, 0, 0.2F};
    std::map<std::pair<std::int64_t, std::int64_t>, int> counts;
    for (std::int64_t id = 0; id < 2500; ++id) {
        const Image y = crop(id), x = image();
        int pieces = 0;
        for (std::int64_t a = -2; a <= 2; ++a)
            for (std::int64_t b = -2; b <= 2; ++b) {
                bool same = true;
                for (std::int64_t c = 0; c < channels; ++c)
                    for (std::int64_t i = 0; i < height; ++i)
                        for (std::int64_t j = 0; j < width; ++j) {
                            const bool inside =
                                i + a >= 0 && i + a < height && j + b >= 0 && j + b < width;
                            same = same &&
                                   at(y, c, i, j) == (inside ? at(x, c, i + a, j + b) : fill[c]);
                        }
                if (same) ++pieces, ++counts[{a, b}];
            }
        CHECK(pieces == 1);
    }
    CHECK(counts.size() == 25);
    for (const auto &[place, count] : counts) CHECK((count > 55 && count < 150));  // 100 expected
}

TEST_CASE("mirrored borders are those of numpy.pad with mode reflect") {
    const Transformed crop(R"({"type":"random_crop","padding":3,"border":"reflect"})");
    const auto mirrored = [](std::int64_t place, std::int64_t extent) {
        const std::int64_t period = 2 * (extent - 1), r = ((place % period) + period) % period;
        return r < extent ? r : period - r;
    };
    for (std::int64_t id = 0; id < 200; ++id) {
        const Image y = crop(id), x = image();
        int pieces = 0;
        for (std::int64_t a = -3; a <= 3; ++a)
            for (std::int64_t b = -3; b <= 3; ++b) {
                bool same = true;
                for (std::int64_t i = 0; i < height; ++i)
                    for (std::int64_t j = 0; j < width; ++j)
                        same = same && at(y, 1, i, j) == at(x, 1, mirrored(i + a, height),
                                                            mirrored(j + b, width));
                pieces += same ? 1 : 0;
            }
        CHECK(pieces == 1);
    }
}

TEST_CASE("half of the images are mirrored, or as many as asked") {
    const auto share = [](const std::string &more) {
        const Transformed flip(R"({"type":"random_flip")" + more + "}");
        int flipped = 0;
        const bool down = more.find("vertical") != std::string::npos;
        for (std::int64_t id = 0; id < 2000; ++id) {
            const Image y = flip(id), x = image();
            if (y == x) continue;
            ++flipped;
            for (std::int64_t c = 0; c < channels; ++c)
                for (std::int64_t i = 0; i < height; ++i)
                    for (std::int64_t j = 0; j < width; ++j)
                        CHECK(at(y, c, i, j) ==
                              (down ? at(x, c, height - 1 - i, j) : at(x, c, i, width - 1 - j)));
        }
        return flipped / 2000.0;
    };
    CHECK(share("") == doctest::Approx(0.5).epsilon(0.1));
    CHECK(share(R"(,"axis":"vertical","probability":0.2)") == doctest::Approx(0.2).epsilon(0.2));
    CHECK(share(R"(,"probability":0)") == 0);
    CHECK(share(R"(,"probability":1)") == 1);
}

TEST_CASE("a hole is a square about a pixel, cut at the edges") {
    for (const std::int64_t size : {1, 2, 3, 4}) {
        const Transformed cutout(R"({"type":"cutout","size":)" + std::to_string(size) + "}");
        std::map<std::pair<std::int64_t, std::int64_t>, int> counts;
        for (std::int64_t id = 0; id < 1400; ++id) {
            const Image y = cutout(id), x = image();
            int found = 0;
            for (std::int64_t a = 0; a < height; ++a)
                for (std::int64_t b = 0; b < width; ++b) {
                    bool same = true;
                    for (std::int64_t c = 0; c < channels; ++c)
                        for (std::int64_t i = 0; i < height; ++i)
                            for (std::int64_t j = 0; j < width; ++j) {
                                const bool hole = i >= a - size / 2 && i < a - size / 2 + size &&
                                                  j >= b - size / 2 && j < b - size / 2 + size;
                                same = same && at(y, c, i, j) == (hole ? 0.5F : at(x, c, i, j));
                            }
                    if (same) ++found, ++counts[{a, b}];
                }
            CHECK(found == 1);
        }
        CHECK(counts.size() == static_cast<std::size_t>(pixels));  // 40 of each expected
        for (const auto &[place, count] : counts) CHECK((count > 12 && count < 85));
    }
}

TEST_CASE("what does not fit the images is refused, with its place") {
    CHECK(refused(R"({"type":"random_crop","fill":[1.5]})").find("#/train/augment/0/fill") !=
          std::string::npos);
    CHECK(refused(R"({"type":"cutout","fill":[0.5,0.5]})").find("expected 1 or 3") !=
          std::string::npos);
    CHECK(refused(R"({"type":"cutout","size":14})").find("entirely") != std::string::npos);
    CHECK(refused(R"({"type":"random_crop","padding":5,"border":"reflect"})").find("/padding") !=
          std::string::npos);
}
