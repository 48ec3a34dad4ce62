// What arrays mean: their order and their box. NumPy writes the files.
#include "advice.hpp"
#include "archives.hpp"

#include <algorithm>

using namespace spar;
using namespace spar::test;

namespace {

bool same(const host::Batch &a, const host::Batch &b) {
    return a.labels == b.labels && a.count == b.count && a.x.width() == b.x.width() &&
           std::equal(a.x.data(), a.x.data() + a.count * a.x.width(), b.x.data());
}

using Labels = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("any order of memory, and halves, hold the same examples") {
    const Archives made(R"(
x = r.rand(6, 3, 5, 4).astype('f2')
y = np.arange(6) % 3
np.savez('plain.npz', x=x.astype('f4'), y=y)
np.savez('half.npz', x=x, y=y)
np.savez('big_half.npz', x=x.astype('>f2'), y=y)
np.savez('fortran.npz', x=np.asfortranarray(x.astype('f8')), y=y)
np.savez('last.npz', x=x.transpose(0, 2, 3, 1).copy(), y=y)
np.savez('last_fortran.npz', x=np.asfortranarray(x.transpose(0, 2, 3, 1)), y=y[:, None])
np.savez('bytes.npz', x=(255 * x).astype('u1'), y=y)
np.savez('bytes_last.npz', x=np.asfortranarray((255 * x).astype('u1').transpose(0, 2, 3, 1)), y=y)
)");
    if (!made) return;
    const host::Batch plain = Opened(made.node("plain")).all();
    for (const std::string name : {"half", "big_half", "fortran"})
        CHECK(same(Opened(made.node(name)).all(), plain));
    const std::string last = R"(,"channels":"last")";
    for (const std::string name : {"last", "last_fortran"}) {
        const Opened data(made.node(name, last));
        CHECK(data.shape() == std::vector<std::int64_t>{3, 5, 4});
        CHECK(same(data.all(), plain));
    }
    CHECK(same(Opened(made.node("bytes_last", last)).all(), Opened(made.node("bytes")).all()));
}

TEST_CASE("images that look as if their channels stood last are spoken of") {
    const Archives made(R"(
y = np.arange(4) % 2
for name, shape in dict(colour=(8, 9, 3), grey=(28, 28, 1), first=(3, 32, 32), deep=(8, 3, 3),
                        flat=(28, 28), pairs=(16, 16, 2)).items():
    np.savez(name + '.npz', x=r.rand(4, *shape), y=y)
)");
    if (!made) return;
    CHECK(advice(made.node("colour")) == Codes{"channels_look_last"});
    CHECK(advice(made.node("grey")) == Codes{"channels_look_last"});
    for (const std::string name : {"first", "deep", "flat", "pairs"})
        CHECK(advice(made.node(name)).empty());
    CHECK(advice(made.node("colour", R"(,"channels":"first")")).empty());
    CHECK(advice(made.node("colour", R"(,"channels":"last")")).empty());
    CHECK(Opened(made.node("grey", R"(,"channels":"last")")).shape() == Labels{1, 28, 28});
    CHECK(Opened(made.node("flat", R"(,"channels":"last")")).shape() == Labels{1, 28, 28});
}

TEST_CASE("bytes are byte/255 in [0, 1], themselves in [0, 255], and nothing in another box") {
    const Folder folder;
    const std::string file = folder.write("set.npz", zip({{"x.npy", good_x}, {"y.npy", good_y}}));
    const auto box = [&](const std::string &lower, const std::string &upper) {
        return npz_node(file, R"(,"lower":)" + lower + R"(,"upper":)" + upper);
    };
    const host::Batch unit = Opened(npz_node(file)).all();
    const host::Batch levels = Opened(box("0", "255")).all();
    CHECK(Opened(box("0", "255")).info().upper == 255);
    for (std::int64_t i = 0; i < 3; ++i)
        for (std::size_t k = 0; k < 2; ++k) CHECK(levels.x[i][k] == 255.0F * unit.x[i][k]);
    for (const auto &[lower, upper] : std::vector<std::pair<std::string, std::string>>{
             {"-1", "1"}, {"0", "256"}, {"0", "2"}, {"-1", "255"}, {"0", "0.5"}, {"0", "1e9"}})
        CHECK(has(refusal(box(lower, upper)), "save them as floats"));
}

TEST_CASE("values and bounds that are one number but for the rounding of float32 are one") {
    const Archives made(R"(
x = ((r.randint(0, 256, (5, 4)) / 255 - 0.1307) / 0.3081)
x[0, 0], x[0, 1] = (0 - 0.1307) / 0.3081, (1 - 0.1307) / 0.3081
f = np.float32
single = x.astype('f4')
single[0, 0], single[0, 1] = (f(0) - f(0.1307)) / f(0.3081), (f(1) - f(0.1307)) / f(0.3081)
single[1, 0], single[1, 1] = f(-0.42421296), f(2.8214867)
np.savez('single.npz', x=single, y=np.arange(5))
np.savez('double.npz', x=x, y=np.arange(5))
np.savez('tenth.npz', x=np.clip(r.rand(5, 4), 0, 0.1).astype('f4'), y=np.arange(5))
np.savez('beyond.npz', x=np.full((5, 4), 0.10001, 'f4'), y=np.arange(5))
)");
    if (!made) return;
    const std::string box = R"(,"lower":-0.424212917883804,"upper":2.82148653034729)";
    for (const std::string name : {"single", "double"}) {
        const host::Batch batch = Opened(made.node(name, box)).all();
        CHECK(batch.x[0][0] == -0.424212917883804F);
        CHECK(batch.x[0][1] == 2.82148653034729F);
        CHECK(std::abs(batch.x[4][3]) < 2.9F);
    }
    Opened(made.node("tenth", R"(,"upper":0.1)")).all();
    CHECK(has(refusal(made.node("beyond", R"(,"upper":0.1)")), "example 0 holds 0.1"));
    CHECK(failure_of([&] { Opened data(made.node("tenth", R"(,"upper":1e-60)")); }).exit() ==
          host::Exit::pipeline);
}

TEST_CASE("a bound counts in the precision that the file holds") {
    const Archives made(R"(
for name, mean, deviation in ('grey', 0.286, 0.353), ('green', 0.482, 0.243), ('blue', 0.447, 0.262):
    x = (np.array([[0, 1, 0.5, 0.25]]) - mean) / deviation
    np.savez(name + '.npz', x=np.repeat(x, 5, 0).astype('f2'), y=np.arange(5))
    y = x.copy(); y[0, 1] += 0.02
    np.savez(name + '_beyond.npz', x=np.repeat(y, 5, 0).astype('f2'), y=np.arange(5))
    x[0, 1] += 0.001
    np.savez(name + '_single.npz', x=np.repeat(x, 5, 0).astype('f4'), y=np.arange(5))
)");
    if (!made) return;
    for (const auto &[name, lower, upper] : std::vector<std::tuple<std::string, double, double>>{
             {"grey", -0.286 / 0.353, 0.714 / 0.353},
             {"green", -0.482 / 0.243, 0.518 / 0.243},
             {"blue", -0.447 / 0.262, 0.553 / 0.262}}) {
        CAPTURE(name);
        const std::string box =
            R"(,"lower":)" + spar::json_number(lower) + R"(,"upper":)" + spar::json_number(upper);
        const host::Batch batch = Opened(made.node(name, box)).all();
        CHECK(batch.x[0][0] >= static_cast<float>(lower));
        CHECK(batch.x[0][1] <= static_cast<float>(upper));
        CHECK(has(refusal(made.node(name + "_beyond", box)), "example 0 holds"));
        CHECK(has(refusal(made.node(name + "_single", box)), "example 0 holds"));
    }
}

TEST_CASE("what is no number is called by its name, with a remedy that helps") {
    const Archives made(R"(
for name, value in ('nan', np.nan), ('inf', np.inf), ('minus', -np.inf):
    for kind in 'f2', 'f8':
        x = r.rand(5, 4).astype(kind); x[3, 1] = value
        np.savez('x_%s_%s.npz' % (name, kind), x=x, y=np.arange(5))
        np.savez('y_%s_%s.npz' % (name, kind), x=r.rand(5, 4), y=x)
)");
    if (!made) return;
    for (const auto &[name, text] : std::vector<std::pair<std::string, std::string>>{
             {"nan", "nan"}, {"inf", "inf"}, {"minus", "-inf"}})
        for (const std::string array : {"x_", "y_"})
            for (const std::string kind : {"_f2", "_f8"}) {
                const std::string said = refusal(made.node(array + name + kind));
                CHECK(has(said, "example 3 holds " + text + ", expected "));
                CHECK(has(said, "leave such examples out"));
                CHECK(said.find("lower and upper") == std::string::npos);
            }
}

TEST_CASE("bytes that hardly mean levels of 0 to 255 are spoken of") {
    const Archives made(R"(
y = np.arange(4) % 2
np.savez('bits.npz', x=r.randint(0, 2, (4, 9)).astype('u1'), y=y)
np.savez('bools.npz', x=r.rand(4, 9) > 0.5, y=y)
np.savez('sixteen.npz', x=r.randint(0, 17, (4, 9)).astype('u1'), y=y)
np.savez('levels.npz', x=np.full((4, 9), 200, 'u1'), y=y)
np.savez('nothing.npz', x=np.zeros((4, 9), 'u1'), y=y)
)");
    if (!made) return;
    CHECK(advice(made.node("bits")) == Codes{"low_bytes"});
    CHECK(advice(made.node("sixteen")) == Codes{"low_bytes"});
    CHECK(advice(made.node("sixteen", R"(,"upper":255)")).empty());
    CHECK(advice(made.node("bools")).empty());
    CHECK(advice(made.node("levels")).empty());
    CHECK(has(warnings_of(made.node("nothing")).at(0).message, "all bytes are 0, so that every"));
}

TEST_CASE("an archive that compresses as well as deflate can is read") {
    const Archives made(R"(
x = np.zeros((400, 100, 100), 'f4'); x[::7, 3, 5] = 1
np.savez_compressed('sparse.npz', x=x, y=np.arange(400) % 2)
)");
    if (!made) return;
    const Opened data(made.node("sparse"));
    CHECK(data.info().size == 400);
    CHECK(data.read({7}).x[0][305] == 1);
}
