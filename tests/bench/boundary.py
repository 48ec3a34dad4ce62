"""What the model `python` costs besides the net, and that training through it reaches what `sequential` reaches."""
import json
import subprocess
import sys

from common import HERE, bench, python_with

ROWS, SECONDS = 64, 4
FUNCTION = "def net(x):\n    return x, lambda at: at\n"


def boundary(spar, folder):
    torch = python_with("torch")
    if not torch:
        sys.exit("there is no PyTorch")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.py").write_text(FUNCTION)
    node = {"type": "python", "call": f"{folder / 'net.py'}:net", "arrays": "memoryview"}
    report("a function that does nothing, one value", bench("model_bench", json.dumps(node), 1, SECONDS, 2))
    for name in ("Nothing", "resnet18"):
        node = {"type": "python", "call": f"{HERE / 'boundary_nets.py'}:{name}", "interpreter": torch[0]}
        through = bench("model_bench", json.dumps(node), ROWS, SECONDS, 3, 32, 32)
        out = subprocess.run([torch[0], HERE / "boundary_nets.py", name, str(ROWS), str(SECONDS)], check=True,
                             capture_output=True, text=True).stdout
        plain = [float(number) for number in out.split()]
        report(f"{name}, {ROWS} x 3 x 32 x 32", through)
        print(f"    the same in PyTorch {torch[1]} alone: {plain[0]:,.0f} us, median {plain[1]:,.0f}", flush=True)
    for seed in (1, 2):
        for engine in ("sequential", "python"):
            settings = [f"seed={seed}", "train.examples=2000", "train.epochs=5", "threat.eps=0.1",
                        'train.method.attack={"type": "pgd", "steps": 3, "step_size": 0.05}',
                        'evaluate={"examples": 500, "attacks": [{"type": "pgd", "steps": 10, "step_size": 0.025}], '
                        '"save_adversarial": false}']
            if engine == "python":
                node = {"type": "python", "call": f"{HERE / 'boundary_nets.py'}:small_cnn", "interpreter": torch[0]}
                settings.append(f"model={json.dumps(node)}")
            run = spar("mnist-pgd7.json", f"boundary-{engine}-{seed}", *settings)
            right = run["evaluation"]["clean_accuracy"], run["evaluation"]["attacks"][0]["robust_accuracy"]
            print(f"{engine}, seed {seed}: last epoch's loss {run['train']['epochs'][-1]['loss']:.3f}, clean "
                  f"{100 * right[0]:.1f} %, PGD-10 {100 * right[1]:.1f} % of 500", flush=True)


def report(what, times):
    for pass_ in ("forward", "gradient"):
        print(f"{what}: {pass_} {times[pass_]['least']:,.0f} us, median {times[pass_]['median']:,.0f}", flush=True)
