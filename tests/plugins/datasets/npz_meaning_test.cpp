// What arrays mean: their order, their box, their labels. NumPy writes the files.
#include "advice.hpp"
#include "npz_files.hpp"
#include "python.hpp"

#include <algorithm>

using namespace spar;
using namespace spar::test;

namespace {

/// The archives that this program of NumPy writes; empty where there is no NumPy.
class Archives {
  public:
    explicit Archives(const std::string &program) : python_(python_with("numpy")) {
        if (!python_) return;
        const std::string script = folder_.write(
            "make.py", "import numpy as np\nr = np.random.RandomState(3)\n" + program);
        const std::string command =
            "cd " + folder_.path().string() + " && " + *python_ + " " + script;
        CHECK(std::system(command.c_str()) == 0);
    }
    explicit operator bool() const { return python_.has_value(); }
    std::string node(const std::string &name, const std::string &more = "") const {
        return npz_node(folder_ / (name + ".npz"), more);
    }

  private:
    Folder folder_;
    decltype(python_with("")) python_;
};

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

TEST_CASE("bytes that hardly mean levels of 0 to 255 are spoken of") {
    const Archives made(R"(
y = np.arange(4) % 2
np.savez('bits.npz', x=r.randint(0, 2, (4, 9)).astype('u1'), y=y)
np.savez('bools.npz', x=r.rand(4, 9) > 0.5, y=y)
np.savez('sixteen.npz', x=r.randint(0, 17, (4, 9)).astype('u1'), y=y)
np.savez('levels.npz', x=np.full((4, 9), 200, 'u1'), y=y)
)");
    if (!made) return;
    CHECK(advice(made.node("bits")) == Codes{"low_bytes"});
    CHECK(advice(made.node("sixteen")) == Codes{"low_bytes"});
    CHECK(advice(made.node("sixteen", R"(,"upper":255)")).empty());
    CHECK(advice(made.node("bools")).empty());
    CHECK(advice(made.node("levels")).empty());
}

TEST_CASE("one-hot rows and whole fractions name classes, or say why they do not") {
    const Archives made(R"(
x, y = r.rand(6, 2), np.array([2, 0, 1, 1, 2, 0])
for kind in 'f4', 'i8', 'u1', '?':
    np.savez('hot_%s.npz' % kind.replace('?', 'bool'), x=x, y=np.eye(3)[y].astype(kind))
np.savez('hot_fortran.npz', x=x, y=np.asfortranarray(np.eye(3)[y]))
np.savez('whole.npz', x=x, y=y.astype('f4'))
np.savez('column.npz', x=x, y=y[:, None].astype('u1'))
np.savez('soft.npz', x=x, y=0.9 * np.eye(3)[y] + 0.1 / 3)
np.savez('real.npz', x=x, y=r.randn(6, 2))
)");
    if (!made) return;
    const Labels labels{2, 0, 1, 1, 2, 0};
    for (const std::string name :
         {"hot_f4", "hot_i8", "hot_u1", "hot_bool", "hot_fortran", "column"}) {
        CAPTURE(name);
        const Opened data(made.node(name));
        CHECK(data.info().target == SPAR_TARGET_CLASS);
        CHECK(data.info().outputs == 3);
        CHECK(data.all().labels == labels);
    }
    CHECK(advice(made.node("hot_f4")) == Codes{"one_hot_as_classes"});
    CHECK(advice(made.node("hot_i8")).empty());
    CHECK(advice(made.node("whole")) == Codes{"whole_numbers_as_values"});
    CHECK(advice(made.node("soft")) == Codes{"shares_as_values"});
    CHECK(advice(made.node("real")).empty());
    const std::string classes = R"(,"targets":"classes")", values = R"(,"targets":"values")";
    CHECK(Opened(made.node("whole", classes)).all().labels == labels);
    CHECK(advice(made.node("whole", values)).empty());
    CHECK(Opened(made.node("hot_i8", values)).info().target == SPAR_TARGET_VALUES);
    CHECK(Opened(made.node("hot_u1", values)).all().values[0][2] == 1);
    CHECK(has(refusal(made.node("soft", classes)), "expected labels"));
    CHECK(has(refusal(made.node("real", classes)), "expected labels"));
}

TEST_CASE("labels that begin at another number are spoken of, and shifted") {
    const Archives made(R"(
x = r.rand(6, 2)
np.savez('one.npz', x=x, y=np.array([1, 2, 3, 3, 2, 1]))
np.savez('some.npz', x=x, y=np.array([1, 3, 1, 3, 1, 3]))
np.savez('five.npz', x=x, y=np.array([5, 7, 6, 6, 7, 5], 'f4'))
np.savez('signs.npz', x=x, y=np.array([-1, 1, 1, -1, 0, 0]))
)");
    if (!made) return;
    CHECK(advice(made.node("one")) == Codes{"classes_without_examples"});
    CHECK(Opened(made.node("one")).info().outputs == 4);
    CHECK(has(warnings_of(made.node("one")).at(0).remedy, "first_label"));
    // A part of the classes: shifting them would make them others.
    CHECK(advice(made.node("some")) == Codes{"classes_without_examples"});
    CHECK(!has(warnings_of(made.node("some")).at(0).remedy, "first_label"));
    const Opened shifted(made.node("one", R"(,"first_label":1)"));
    CHECK(shifted.info().outputs == 3);
    CHECK(shifted.all().labels == Labels{0, 1, 2, 2, 1, 0});
    CHECK(advice(made.node("one", R"(,"first_label":1)")).empty());
    CHECK(advice(made.node("one", R"(,"classes":9)")).empty());
    CHECK(Opened(made.node("five", R"(,"targets":"classes","first_label":5)")).all().labels ==
          Labels{0, 2, 1, 1, 2, 0});
    CHECK(Opened(made.node("signs", R"(,"first_label":-1)")).all().labels ==
          Labels{0, 2, 2, 0, 1, 1});
    CHECK(has(refusal(made.node("signs")), "\"first_label\" shifts labels"));
    CHECK(has(refusal(made.node("one", R"(,"first_label":1,"classes":2)")), "has the label 3"));
    CHECK(has(refusal(made.node("one", R"(,"first_label":2)")), "has the label 1"));
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
